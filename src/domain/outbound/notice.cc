#include "domain/outbound/notice.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

bj::object describe(const Subscription& subscription) {
  bj::object object;
  object["id"] = to_text(subscription.id);
  if (!subscription.settings.uid.empty()) object["uid"] = subscription.settings.uid;
  if (!subscription.settings.name.empty()) object["name"] = subscription.settings.name;
  object["description"] = subscription.settings.description;
  return object;
}

bj::object describe_delivery(const NoticeFacts& facts) {
  bj::object object;
  object["id"] = to_text(facts.delivery);
  object["eventId"] = public_event_id(*facts.event);
  object["topic"] = facts.event->topic;
  object["attempts"] = facts.attempts;
  return object;
}

bj::object describe_failure(const NoticeFacts& facts) {
  bj::object object;
  object["kind"] = to_text(facts.failure);
  object["status"] = facts.status == 0 ? bj::value(nullptr) : bj::value(facts.status);
  return object;
}

}  // namespace

std::string_view topic_of(Notice notice) {
  for (const auto& row : kNoticeTopics) {
    if (row.notice == notice) return row.topic;
  }
  return "";
}

bool is_reserved_topic(std::string_view topic) { return topic == "posthorn" || topic.starts_with("posthorn."); }

std::string notice_payload(Notice notice, const NoticeFacts& facts) {
  bj::object object;
  object["subscription"] = describe(*facts.subscription);
  object["delivery"] = describe_delivery(facts);
  if (facts.failing_since != Timestamp{}) object["failingSince"] = to_rfc3339(facts.failing_since);
  switch (notice) {
    case Notice::subscription_disabled:
      object["reason"] = facts.reason;
      [[fallthrough]];
    case Notice::subscription_failing:
    case Notice::delivery_exhausted:
      object["failure"] = describe_failure(facts);
      break;
    case Notice::delivery_recovered:
      break;
  }
  if (facts.suppressed > 0) object["suppressed"] = facts.suppressed;
  return bj::serialize(object);
}

}  // namespace posthorn::domain
