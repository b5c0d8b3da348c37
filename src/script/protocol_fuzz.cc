// Both directions: what decodes must encode to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "script/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn::script;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto request = decode_request(body)) {
    if (encode_request(*request).substr(kFrameHeadBytes) != body) std::abort();
  }
  if (const auto answer = decode_answer(body)) {
    if (encode_answer(*answer).substr(kFrameHeadBytes) != body) std::abort();
  }
  if (const auto length = frame_length(body, 1000); length && *length > 1000) std::abort();
  return 0;
}
