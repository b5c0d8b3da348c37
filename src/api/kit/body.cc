#include "api/kit/body.h"

#include "base/text.h"
#include "json/reader.h"

namespace posthorn::api {
namespace {

// The media type, with no parameter but charset=utf-8.
bool is_media_type(std::string_view content_type, std::string_view wanted) {
  const auto semicolon = content_type.find(';');
  if (!equals_ignoring_case(trim(content_type.substr(0, semicolon)), wanted)) return false;
  if (semicolon == std::string_view::npos) return true;
  const std::string_view parameter = trim(content_type.substr(semicolon + 1));
  return parameter.empty() || equals_ignoring_case(parameter, "charset=utf-8") ||
         equals_ignoring_case(parameter, "charset=\"utf-8\"");
}

}  // namespace

Result<boost::json::object> read_object(std::string_view body) {
  auto value = json::parse(body);
  if (!value) return std::move(value).error();
  if (!value->is_object()) return invalid({}, "The body must be a JSON object.", "wrong_type");
  return std::move(value->get_object());
}

std::string raw_document(std::string_view body, std::string_view name) {
  const auto members = json::raw_members(body);
  if (!members) return {};
  for (const auto& member : *members) {
    const auto decoded = json::raw_string('"' + std::string(member.name) + '"');
    if (decoded && *decoded == name) return member.value == "null" ? std::string() : std::string(member.value);
  }
  return {};
}

bool is_json_media_type(std::string_view content_type) {
  return content_type.empty() || is_media_type(content_type, "application/json");
}

bool is_form_media_type(std::string_view content_type) {
  return is_media_type(content_type, "application/x-www-form-urlencoded");
}

}  // namespace posthorn::api
