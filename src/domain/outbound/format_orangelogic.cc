// Orange Logic (OrangeDAM): an envelope of six members. EventDateUtc has seven fraction digits, as the product's dates have;
// ours come from milliseconds, so the last four are zeros.
#include "domain/outbound/format_parts.h"

namespace posthorn::domain {
namespace {

std::string with_seven_digits(Timestamp time) {
  std::string text = to_rfc3339(time);
  text.insert(text.size() - 1, "0000");
  return text;
}

}  // namespace

Rendered render_orangelogic(const Event& event, std::string_view tenant) {
  const std::string_view payload = payload_of(event);
  Rendered rendered;
  std::string& body = rendered.body;
  body.reserve(payload.size() + event.topic.size() + event.user.size() + tenant.size() + 192);
  body += R"({"EventId":)";
  body += json_quoted(public_event_id(event));
  body += R"(,"Topic":")";
  body += event.topic;
  body += R"(","EventDateUtc":")";
  body += with_seven_digits(event.time);
  body += R"(","Data":)";
  body += payload;
  body += R"(,"Tenant":)";
  body += json_quoted(tenant);
  body += R"(,"UserId":)";
  body += event.user.empty() ? std::string("null") : json_quoted(event.user);
  body += '}';
  return rendered;
}

}  // namespace posthorn::domain
