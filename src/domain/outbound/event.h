// Event: one thing that happened. Immutable once accepted; shared by all its deliveries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

namespace posthorn::domain {

// Deliveries count themselves in this header, and an event that is published with it goes on counting: a subscription whose
// endpoint is a publish call of this server, directly or by way of others that hand the header on, ends at kHopsMax.
inline constexpr std::string_view kHopsHeader = "posthorn-hops";
inline constexpr std::uint32_t kHopsMax = 10;

struct Event {
  EventId id;
  TenantKey tenant;
  std::string topic;
  Timestamp time;  // when it happened, as the publisher says, else when it was accepted
  Timestamp accepted_at;
  std::string external_id;  // chosen by the publisher; empty when there is none
  std::string user;         // empty when not given
  std::string scope;        // empty when not bound to one
  std::string traceparent;  // W3C Trace Context; always set
  std::uint32_t hops = 0;   // how many deliveries led to it, each of which published the next event (kHopsHeader)
  std::string payload;      // the JSON value of `data`, byte for byte; empty once it has been expunged

  friend bool operator==(const Event&, const Event&) = default;
};

using EventPtr = std::shared_ptr<const Event>;

// What receivers see as the event's id: the publisher's own, else the UUID.
inline std::string public_event_id(const Event& event) {
  return event.external_id.empty() ? to_text(event.id) : event.external_id;
}

}  // namespace posthorn::domain
