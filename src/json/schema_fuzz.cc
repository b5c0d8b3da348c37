// The first line is a schema, the rest a value: neither may crash, hang or recurse without end.
#include <cstdint>

#include "base/check.h"
#include "json/reader.h"
#include "json/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line_end = std::min(text.find('\n'), text.size());
  const auto schema = json::Schema::compile(text.substr(0, line_end), "schema");
  if (!schema) {
    POSTHORN_CHECK(schema.error().kind == ErrorKind::invalid_argument && schema.error().code == "invalid_schema");
    return 0;
  }
  const auto value = text.substr(std::min(line_end + 1, text.size()));
  const auto status = (*schema)->validate(value, "data");
  if (status) POSTHORN_CHECK(json::parse(value).has_value());
  if (!status) POSTHORN_CHECK(!status.error().message.empty());
  return 0;
}
