// What a script returns: never trusted, and what is taken from it is JSON and headers that can be sent.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "domain/outbound/transform.h"
#include "json/reader.h"
#include "net/http.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto transformed = posthorn::domain::read_transformed({reinterpret_cast<const char*>(data), size});
  if (!transformed) return 0;
  if (transformed->payload && !posthorn::json::raw_elements('[' + *transformed->payload + ']')) std::abort();
  for (const auto& header : transformed->headers) {
    if (!posthorn::net::is_header_name(header.name) || !posthorn::net::is_header_value(header.value)) std::abort();
  }
  return 0;
}
