// A journal is a file that anything may have happened to: reading it ends, and what it answers reads the same when written
// again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "cli/watch/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn::cli::watch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = read_journal(text);
  if (!read) return 0;
  POSTHORN_CHECK(read->good_bytes <= size);
  const auto again = read_journal(text.substr(0, read->good_bytes));
  POSTHORN_CHECK(again && again->state == read->state && again->good_bytes == read->good_bytes);
  return 0;
}
