// Members of an event that each place which shows one has.
#pragma once

#include "api/kit/json_writer.h"
#include "domain/outbound/event.h"

namespace posthorn::api::native {

// topic, time, acceptedAt, user, scope, traceparent.
inline void append_event_members(JsonWriter& json, const domain::Event& event) {
  json.string("topic", event.topic);
  json.time("time", event.time);
  json.time("acceptedAt", event.accepted_at);
  json.string_or_null("user", event.user);
  json.string_or_null("scope", event.scope);
  json.string_or_null("traceparent", event.traceparent);
}

// dataExpunged, and data: null once it is.
inline void append_event_data(JsonWriter& json, const domain::Event& event) {
  const bool expunged = event.payload.empty();
  json.boolean("dataExpunged", expunged);
  json.raw("data", expunged ? std::string_view("null") : event.payload);
}

}  // namespace posthorn::api::native
