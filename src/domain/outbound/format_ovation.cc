// Ovation: the payload's members behind eventType and, when the payload has none and the event is bound to a scope,
// projectTemplateId. The event is the topic; a scope is a project template. Ovation writes the id as a number in the two
// ready-for-generation events and as text in the others. Its correction of a report goes by two names; one is sent.
#include <algorithm>

#include "domain/outbound/format_parts.h"

namespace posthorn::domain {
namespace {

constexpr std::string_view kEventType = "eventType";
constexpr std::string_view kTemplate = "projectTemplateId";

std::string_view event_type(std::string_view topic) {
  return topic == "report_correction_signed" ? std::string_view("report_corrected") : topic;
}

// Digits that are a JSON number as they stand.
bool is_plain_number(std::string_view text) {
  return !text.empty() && (text.size() == 1 || text.front() != '0') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string template_id(const Event& event) {
  const bool as_number = event.topic.ends_with("ready_for_generation") && is_plain_number(event.scope);
  return as_number ? event.scope : json_quoted(event.scope);
}

}  // namespace

Rendered render_ovation(const Event& event) {
  bool has_template = false;
  const std::string members = members_of(payload_of(event), [&](std::string_view name) {
    has_template |= name == kTemplate;
    return name == kEventType;
  });
  Rendered rendered;
  std::string& body = rendered.body;
  body.reserve(members.size() + event.topic.size() + event.scope.size() + 64);
  body += R"({"eventType":")";
  body += event_type(event.topic);
  body += '"';
  if (!has_template && !event.scope.empty()) {
    body += R"(,"projectTemplateId":)";
    body += template_id(event);
  }
  if (!members.empty()) {
    body += ',';
    body += members;
  }
  body += '}';
  return rendered;
}

}  // namespace posthorn::domain
