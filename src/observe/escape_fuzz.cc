// Log values come from strangers: a line stays one line, valid UTF-8, free of control characters, whatever they send.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "observe/escape.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string& line :
       {observe::json_members(text, {{"value", text}}), observe::plain_line(text, {{"value", text}})}) {
    POSTHORN_CHECK(is_valid_utf8(line));
    POSTHORN_CHECK(
        std::none_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
  return 0;
}
