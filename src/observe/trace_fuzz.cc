// traceparent is taken over from requests and sent on: what is accepted must be safe as a header value.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "observe/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!posthorn::observe::is_traceparent(text)) return 0;
  POSTHORN_CHECK(text.size() >= 55);
  POSTHORN_CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; }));
  return 0;
}
