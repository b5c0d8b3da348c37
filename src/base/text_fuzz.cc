// The codecs and parsers of base, on anything: what they accept must be what they would write.
#include <cstdint>

#include "base/check.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = base64_decode(text)) POSTHORN_CHECK(base64_encode(*bytes) == text);
  if (const auto bytes = hex_decode(text)) POSTHORN_CHECK(hex_encode(*bytes) == to_ascii_lower(text));
  if (const auto id = parse_raw_id(text)) POSTHORN_CHECK(id_text(id->key, id->salt) == to_ascii_lower(text));
  if (const auto time = parse_rfc3339(text)) {
    const std::string again = to_rfc3339(*time);
    if (again.size() == 24 && again.front() != '-') POSTHORN_CHECK(parse_rfc3339(again) == *time);
  }
  POSTHORN_CHECK(base64_decode(base64_encode(text)) == text);
  POSTHORN_CHECK(hex_decode(hex_encode(text)) == text);
  POSTHORN_CHECK(!is_valid_utf8(text) || is_valid_utf8(std::string(text) + "x"));
  POSTHORN_CHECK(trim(trim(text)) == trim(text));
  return 0;
}
