// Batches: several events in one request, as a JSON array. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

// Whether the format has a form for several events.
bool can_batch(Format format);

// In the order given. Precondition: can_batch(format).
//   standard     [{"id","type","timestamp","data"}, …]: as one event's body, with the id that one event has as webhook-id
//   raw          [payload, …]
//   cloudevents  [event, …]: the JSON batch format, with a media type of its own (CloudEvents 1.0.2, JSON format, 4)
// `tenant`: its name.
std::string render_batch(Format format, const std::vector<EventPtr>& events, std::string_view tenant);

// Of a request with several events. Precondition: can_batch(format).
std::string_view batch_content_type(Format format);

// The webhook-id of a request with these deliveries: the same for the same ones, so that a receiver knows a repetition.
std::string batch_id(const std::vector<DeliveryId>& deliveries);

}  // namespace posthorn::domain
