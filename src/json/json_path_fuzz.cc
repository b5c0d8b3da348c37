// A path and a document, separated by the first line break: nothing hangs, and what is selected is the document's.
#include <boost/json/value.hpp>
#include <cstdint>
#include <unordered_set>

#include "base/check.h"
#include "json/json_path.h"
#include "json/reader.h"

namespace {

using namespace posthorn;

void collect(const json::bj::value& value, std::unordered_set<const json::bj::value*>& all) {
  all.insert(&value);
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) collect(one, all);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) collect(member.value(), all);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  const auto path = json::JsonPath::compile(input.substr(0, line), "path");
  if (!path) {
    POSTHORN_CHECK(!path.error().message.empty());
    return 0;
  }
  if ((*path)->singular()) {
    const auto again = json::JsonPath::compile((*path)->canonical(), "path");
    if ((*path)->canonical().size() <= json::kPathBytesMax) {
      POSTHORN_CHECK(again.has_value() && (*again)->canonical() == (*path)->canonical());
    }
  }
  const auto document = json::parse(line == std::string_view::npos ? "null" : input.substr(line + 1));
  if (!document) return 0;
  json::Steps steps(100'000);
  const auto nodes = (*path)->select(*document, steps);
  if (!nodes) return 0;
  std::unordered_set<const json::bj::value*> all;
  collect(*document, all);
  for (const auto* node : *nodes) POSTHORN_CHECK(all.contains(node));
  if ((*path)->singular()) {
    const auto* found = (*path)->find(*document);
    POSTHORN_CHECK(nodes->size() == (found == nullptr ? 0U : 1U));
    POSTHORN_CHECK(found == nullptr || nodes->front() == found);
  }
  return 0;
}
