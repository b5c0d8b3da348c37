// Standard Webhooks 1.0.0: an envelope of type, timestamp and data.
#include "domain/outbound/format_parts.h"

namespace posthorn::domain {

Rendered render_standard(const Event& event) {
  const std::string_view payload = payload_of(event);
  Rendered rendered;
  std::string& body = rendered.body;
  body.reserve(payload.size() + event.topic.size() + 64);
  // A topic's characters need no escaping.
  body += R"({"type":")";
  body += event.topic;
  body += R"(","timestamp":")";
  body += to_rfc3339(event.time);
  body += R"(","data":)";
  body += payload;
  body += '}';
  return rendered;
}

}  // namespace posthorn::domain
