#include "domain/outbound/notice.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace posthorn::domain {
namespace {

NoticeFacts facts(const Subscription& subscription, const Event& event) {
  NoticeFacts facts;
  facts.subscription = &subscription;
  facts.event = &event;
  facts.delivery = {{9}, 3};
  facts.attempts = 4;
  facts.failure = FailureKind::status;
  facts.status = 503;
  facts.failing_since = Timestamp(Milliseconds(1'700'000'000'000));
  facts.reason = "failing";
  return facts;
}

TEST(Notice, SaysWhatHappenedToWhomAndNeverTheUrl) {
  Subscription subscription;
  subscription.id = {{7}, 1};
  subscription.settings.url = "https://example.com/?token=secret";
  subscription.settings.description = "billing";
  Event event;
  event.id = {{8}, 2};
  event.topic = "invoice.paid";
  const std::string who = R"({"subscription":{"id":")" + to_text(subscription.id) +
                          R"(","description":"billing"},"delivery":{"id":")" + to_text(DeliveryId{{9}, 3}) +
                          R"(","eventId":")" + to_text(event.id) +
                          R"(","topic":"invoice.paid","attempts":4},"failingSince":"2023-11-14T22:13:20.000Z")";
  const std::string failure = R"(,"failure":{"kind":"status","status":503})";
  auto given = facts(subscription, event);
  EXPECT_EQ(notice_payload(Notice::subscription_failing, given), who + failure + "}");
  EXPECT_EQ(notice_payload(Notice::subscription_disabled, given), who + R"(,"reason":"failing")" + failure + "}");
  EXPECT_EQ(notice_payload(Notice::delivery_recovered, given), who + "}");
  given.suppressed = 12;
  EXPECT_EQ(notice_payload(Notice::delivery_exhausted, given), who + failure + R"(,"suppressed":12})");
}

TEST(Notice, HasTopicsInOrderOfNameThatNobodyElseMayUse) {
  EXPECT_TRUE(std::ranges::is_sorted(kNoticeTopics, {}, &NoticeTopic::topic));
  for (const auto& row : kNoticeTopics) {
    EXPECT_TRUE(is_reserved_topic(row.topic));
    EXPECT_EQ(topic_of(row.notice), row.topic);
  }
  EXPECT_TRUE(is_reserved_topic("posthorn"));
  EXPECT_FALSE(is_reserved_topic("posthorns.a"));
  EXPECT_FALSE(is_reserved_topic("a.posthorn"));
}

}  // namespace
}  // namespace posthorn::domain
