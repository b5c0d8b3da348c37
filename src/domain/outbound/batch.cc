#include "domain/outbound/batch.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "domain/outbound/format_parts.h"

namespace posthorn::domain {
namespace {

void append(std::string& body, Format format, const Event& event, std::string_view tenant) {
  if (format == Format::raw) {
    body += payload_of(event);
    return;
  }
  if (format == Format::cloudevents) {
    body += render_cloudevents_structured(event, tenant).body;
    return;
  }
  // An external id's and a topic's characters need no escaping.
  body += R"({"id":")";
  body += public_event_id(event);
  body += R"(","type":")";
  body += event.topic;
  body += R"(","timestamp":")";
  body += to_rfc3339(event.time);
  body += R"(","data":)";
  body += payload_of(event);
  body += '}';
}

}  // namespace

bool can_batch(Format format) { return format == Format::standard || format == Format::raw || format == Format::cloudevents; }

std::string_view batch_content_type(Format format) {
  return format == Format::cloudevents ? "application/cloudevents-batch+json" : content_type(format);
}

std::string render_batch(Format format, const std::vector<EventPtr>& events, std::string_view tenant) {
  std::string body;
  std::size_t bytes = 2;
  for (const auto& event : events) bytes += event->payload.size() + event->topic.size() + 128;
  body.reserve(bytes);
  body += '[';
  for (const auto& event : events) {
    if (body.size() > 1) body += ',';
    append(body, format, *event, tenant);
  }
  body += ']';
  return body;
}

std::string batch_id(const std::vector<DeliveryId>& deliveries) {
  std::string ids;
  for (const auto delivery : deliveries) ids += to_text(delivery);
  const auto digest = crypto::sha256(ids);
  return "batch_" + hex_encode({reinterpret_cast<const char*>(digest.data()), 16});
}

}  // namespace posthorn::domain
