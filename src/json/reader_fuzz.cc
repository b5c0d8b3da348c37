// All readers on the same text: they agree on what JSON is, and views are what they say.
#include <boost/json/serialize.hpp>
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "json/reader.h"

namespace {

using namespace posthorn;

// What raw_members() and raw_elements() accept, parse() accepts too, but for repeated names further inside.
void check_agrees(const Result<json::bj::value>& value, bool raw_accepts, bool right_kind, bool small_enough) {
  const bool duplicate = !value && value.error().code == "duplicate_member";
  if (raw_accepts) POSTHORN_CHECK(value || duplicate);
  if (value && right_kind && small_enough) POSTHORN_CHECK(raw_accepts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = json::parse(text);
  const auto members = json::raw_members(text);
  const auto elements = json::raw_elements(text);
  POSTHORN_CHECK(!(members && elements));

  check_agrees(value, members.has_value(), value && value->is_object(),
               value && value->is_object() && value->get_object().size() <= json::kRawMembersMax);
  check_agrees(value, elements.has_value(), value && value->is_array(),
               value && value->is_array() && value->get_array().size() <= json::kRawElementsMax);
  if (value) {
    POSTHORN_CHECK(is_valid_utf8(text));
    const auto again = json::parse(json::bj::serialize(*value));
    POSTHORN_CHECK(again.has_value());
  }
  if (value && members) {
    POSTHORN_CHECK(members->size() == value->get_object().size());
    for (const auto& member : *members) {
      const auto name = json::raw_string("\"" + std::string(member.name) + "\"");
      POSTHORN_CHECK(name && *json::parse(member.value) == value->get_object().at(*name));
    }
  }
  if (value && elements) {
    POSTHORN_CHECK(elements->size() == value->get_array().size());
    for (std::size_t i = 0; i < elements->size(); ++i) POSTHORN_CHECK(*json::parse((*elements)[i]) == value->get_array()[i]);
  }
  (void)json::raw_string(text);
  return 0;
}
