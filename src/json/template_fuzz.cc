// A template and a document, separated by the first line break: what is filled is JSON.
#include <boost/json/value.hpp>
#include <cstdint>

#include "base/check.h"
#include "json/reader.h"
#include "json/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  const auto source = json::parse(input.substr(0, line));
  if (!source) return 0;
  const auto made = json::Template::compile(*source, "data");
  if (!made) return 0;
  POSTHORN_CHECK((*made)->source() == *source);
  const auto document = json::parse(line == std::string_view::npos ? "null" : input.substr(line + 1));
  if (!document) return 0;
  const auto filled = (*made)->fill(*document, 100'000);
  if (!filled) return 0;
  const auto value = json::parse(*filled);
  // Values that are put into values may nest deeper than parse() reads.
  POSTHORN_CHECK(value.has_value() || value.error().message.find("deep") != std::string::npos);
  return 0;
}
