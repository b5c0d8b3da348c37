// Notices: events that the server itself publishes, on each tenant's own topics below "posthorn.", about its endpoints and
// deliveries. Subscribed to like any other; nobody else publishes there, makes or deletes such a topic.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

enum class Notice : std::uint8_t { subscription_failing, subscription_disabled, delivery_exhausted, delivery_recovered };

struct NoticeTopic {
  Notice notice;
  std::string_view topic;
  std::string_view description;
};
inline constexpr std::array<NoticeTopic, 4> kNoticeTopics{{
    {Notice::delivery_exhausted, "posthorn.delivery.exhausted", "A delivery was given up: its last attempt failed."},
    {Notice::delivery_recovered, "posthorn.delivery.recovered",
     "An endpoint that failed (posthorn.subscription.failing was published) took a delivery again."},
    {Notice::subscription_disabled, "posthorn.subscription.disabled",
     "The server disabled a subscription: its endpoint answered 410, or did nothing but fail for too long."},
    {Notice::subscription_failing, "posthorn.subscription.failing",
     "Every attempt to a subscription's endpoint fails: ten in a row, or for a minute."},
}};

std::string_view topic_of(Notice notice);

// Whether a topic is the server's own: its first segment is "posthorn".
bool is_reserved_topic(std::string_view topic);

struct NoticeFacts {
  const Subscription* subscription = nullptr;
  const Event* event = nullptr;  // of the delivery that was attempted
  DeliveryId delivery;
  std::uint32_t attempts = 0;  // of the delivery
  FailureKind failure = FailureKind::none;
  int status = 0;
  Timestamp failing_since;       // 0: not known
  std::string_view reason;       // why it was disabled: "gone", "failing"
  std::uint64_t suppressed = 0;  // notices of this kind that were not published since the last one
};

// The event's payload: a JSON object. URLs and headers are not in it: they may hold secrets.
std::string notice_payload(Notice notice, const NoticeFacts& facts);

}  // namespace posthorn::domain
