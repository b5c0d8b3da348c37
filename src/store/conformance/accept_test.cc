#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

TEST_P(StoreConformance, KeepsEveryFieldOfAnEvent) {
  const auto tenant = bench_->make_tenant();
  auto full = bench_->event(tenant.key, "document.deleted");
  full.time = full.accepted_at - Milliseconds(86'400'000);
  full.external_id = "order-1";
  full.user = "someone@example.com";
  full.scope = "north";
  full.hops = 3;
  full.payload = std::string("\"\0\x01\xff \n\"", 7);
  const auto plain = bench_->event(tenant.key);
  auto big = bench_->event(tenant.key);
  big.payload.assign(1'000'000, 'x');
  for (const auto& event : {full, plain, big}) {
    const auto accepted = bench_->accept(bench_->new_event(event, {}));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->id, event.id);
    EXPECT_EQ(accepted->external_id, event.external_id);
    EXPECT_EQ(accepted->deliveries, 0U);
    EXPECT_FALSE(accepted->replayed);
  }
  if (GetParam().durable) reopen();
  for (const auto& event : {full, plain, big}) {
    const auto found = bench_->find(tenant.key, event.id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->event, event);
  }
  const auto by_external_id = bench_->find(tenant.key, std::string("order-1"));
  ASSERT_TRUE(by_external_id);
  EXPECT_EQ(by_external_id->event.id, full.id);
}

TEST_P(StoreConformance, FindsEventsOnlyByTheirWholeIdAndInTheirTenant) {
  const auto tenant = bench_->make_tenant("one");
  const auto other = bench_->make_tenant("two");
  auto event = bench_->event(tenant.key);
  event.external_id = "mine";
  ASSERT_TRUE(bench_->accept(bench_->new_event(event, {})));
  EXPECT_TRUE(bench_->find(tenant.key, event.id));
  auto guessed = event.id;
  guessed.salt ^= 1;
  EXPECT_EQ(bench_->find(tenant.key, guessed).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->find(other.key, event.id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->find(other.key, std::string("mine")).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->find(tenant.key, std::string("other")).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, AnswersARepeatedIdempotencyKeyWithTheFirstEvent) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  auto first_event = bench_->event(tenant.key);
  first_event.external_id = "mine";
  auto first = bench_->new_event(first_event, {subscription});
  first.idempotency = Idempotency{"key-1"};
  first.fingerprint.fill(1);
  ASSERT_TRUE(bench_->accept(first));

  auto again = bench_->new_event(bench_->event(tenant.key), {subscription, subscription});
  again.idempotency = Idempotency{"key-1"};
  again.fingerprint.fill(1);
  if (GetParam().durable) reopen();
  const auto replayed = bench_->accept(again);
  ASSERT_TRUE(replayed);
  EXPECT_TRUE(replayed->replayed);
  EXPECT_EQ(replayed->id, first.event->id);
  EXPECT_EQ(replayed->external_id, "mine");
  EXPECT_EQ(replayed->deliveries, 1U);
  EXPECT_FALSE(bench_->find(tenant.key, again.event->id));
  EXPECT_EQ(bench_->pending(subscription.id.key).size(), 1U);

  again.fingerprint.fill(2);
  const auto conflicting = bench_->accept(again);
  ASSERT_FALSE(conflicting);
  EXPECT_EQ(conflicting.error().kind, ErrorKind::conflict);
  EXPECT_EQ(conflicting.error().field, "Idempotency-Key");

  const auto other = bench_->make_tenant("other");
  auto elsewhere = bench_->new_event(bench_->event(other.key), {});
  elsewhere.idempotency = Idempotency{"key-1"};
  elsewhere.fingerprint.fill(2);
  const auto accepted = bench_->accept(elsewhere);
  ASSERT_TRUE(accepted);
  EXPECT_FALSE(accepted->replayed) << "keys are a tenant's own";
}

TEST_P(StoreConformance, AnswersARepeatedExternalIdWithTheFirstEvent) {
  const auto tenant = bench_->make_tenant();
  auto event = bench_->event(tenant.key);
  event.external_id = "mine";
  auto first = bench_->new_event(event, {});
  first.fingerprint.fill(1);
  ASSERT_TRUE(bench_->accept(first));

  event.id = ids_.next<EventId>();
  auto again = bench_->new_event(event, {});
  again.fingerprint.fill(1);
  again.idempotency = Idempotency{"fresh"};
  const auto replayed = bench_->accept(again);
  ASSERT_TRUE(replayed);
  EXPECT_TRUE(replayed->replayed);
  EXPECT_EQ(replayed->id, first.event->id);
  again.fingerprint.fill(2);
  again.idempotency.reset();
  const auto conflicting = bench_->accept(again);
  ASSERT_FALSE(conflicting);
  EXPECT_EQ(conflicting.error().kind, ErrorKind::conflict);
  EXPECT_EQ(conflicting.error().field, "id");

  const auto other = bench_->make_tenant("other");
  auto elsewhere = bench_->event(other.key);
  elsewhere.external_id = "mine";
  EXPECT_FALSE(bench_->accept(bench_->new_event(elsewhere, {})).value().replayed);
}

TEST_P(StoreConformance, DecidesAmongEqualKeysOfOneTransactionByTheirOrder) {
  const auto tenant = bench_->make_tenant();
  const auto event_with_key = [&](std::uint8_t fingerprint) {
    auto made = bench_->new_event(bench_->event(tenant.key), {});
    made.idempotency = Idempotency{"same"};
    made.fingerprint.fill(fingerprint);
    return made;
  };
  const auto first = event_with_key(1);
  std::vector<Result<AcceptedEvent>> results;
  const auto collect = [&](Result<std::vector<Result<AcceptedEvent>>> answer) {
    for (auto& result : answer.value()) results.push_back(std::move(result));
  };
  // Two calls of one iteration, the first with three events.
  bench_->session->accept_events({{first, event_with_key(1), event_with_key(2)}}, collect);
  bench_->session->accept_events({{event_with_key(1)}}, collect);
  ASSERT_TRUE(loop_.run_until([&] { return results.size() == 4; }));
  EXPECT_FALSE(results[0].value().replayed);
  EXPECT_TRUE(results[1].value().replayed);
  EXPECT_EQ(results[1]->id, first.event->id);
  EXPECT_EQ(results[2].error().kind, ErrorKind::conflict);
  EXPECT_TRUE(results[3].value().replayed);
  EXPECT_EQ(bench_->list(events_of(tenant.key)).items.size(), 1U);
}

TEST_P(StoreConformance, TwoSessionsWithTheSameKeyGetOneEvent) {
  const auto tenant = bench_->make_tenant();
  const auto other = store_->open_session(loop_);
  int fresh = 0;
  int replayed = 0;
  for (int i = 0; i < 20; ++i) {
    auto made = bench_->new_event(bench_->event(tenant.key), {});
    made.idempotency = Idempotency{"same"};
    Session& session = i % 2 == 0 ? *bench_->session : *other;
    session.accept_events({{made}}, [&](auto results) { results.value().at(0).value().replayed ? ++replayed : ++fresh; });
  }
  ASSERT_TRUE(loop_.run_until([&] { return fresh + replayed == 20; }));
  EXPECT_EQ(fresh, 1);
}

TEST_P(StoreConformance, AcceptsAListOfAnyLengthInItsOrder) {
  const auto tenant = bench_->make_tenant();
  std::vector<domain::Subscription> subscriptions;
  for (int i = 0; i < 20; ++i) subscriptions.push_back(bench_->make_subscription(tenant.key));
  std::vector<NewEvent> events;
  for (int i = 0; i < 500; ++i) {  // more rows than one transaction takes
    auto made = bench_->new_event(bench_->event(tenant.key), subscriptions);
    if (i % 10 == 3) made.idempotency = Idempotency{"same"};
    made.fingerprint.fill(i == 33 ? std::uint8_t{9} : std::uint8_t{1});
    events.push_back(std::move(made));
  }
  auto results = bench_->accept_all(events);
  ASSERT_TRUE(results);
  ASSERT_EQ(results->size(), 500U);
  for (std::size_t i = 0; i < 500; ++i) {
    if (i == 33) {
      EXPECT_EQ((*results)[i].error().kind, ErrorKind::conflict);
      continue;
    }
    ASSERT_TRUE((*results)[i]);
    const bool repeats = i % 10 == 3 && i != 3;
    EXPECT_EQ((*results)[i]->replayed, repeats);
    EXPECT_EQ((*results)[i]->id, events[repeats ? 3 : i].event->id);
    EXPECT_EQ((*results)[i]->deliveries, 20U);
  }
  EXPECT_EQ(bench_->count().pending, (500U - 49U) * 20U);
}

TEST_P(StoreConformance, AnEmptyListIsAccepted) {
  const auto results = bench_->accept_all({});
  ASSERT_TRUE(results);
  EXPECT_TRUE(results->empty());
}

TEST_P(StoreConformance, ADeliveryForASubscriptionThatWasDeletedMeanwhileIsCancelled) {
  const auto tenant = bench_->make_tenant();
  const auto gone = bench_->make_subscription(tenant.key);
  const auto lives = bench_->make_subscription(tenant.key);
  ASSERT_TRUE(bench_->remove(gone.id.key));
  const auto made = bench_->make_event(tenant.key, {gone, lives});
  EXPECT_EQ(bench_->find(tenant.key, made.deliveries[0].id)->state, domain::DeliveryState::cancelled);
  EXPECT_EQ(bench_->find(tenant.key, made.deliveries[1].id)->state, domain::DeliveryState::pending);
}

TEST_P(StoreConformance, AKeyThatCameWithAKnownIdIsRememberedToo) {
  const auto tenant = bench_->make_tenant();
  const auto published = [&](const std::string& key, const std::string& id, std::uint8_t content) {
    auto event = bench_->event(tenant.key);
    event.external_id = id;
    auto made = bench_->new_event(event, {});
    if (!key.empty()) made.idempotency = Idempotency{key};
    made.fingerprint[0] = content;
    return made;
  };
  const auto first = published("A1", "ext-1", 1);
  ASSERT_TRUE(bench_->accept(first));
  for (int time = 0; time < 2; ++time) {
    clock_.advance(std::chrono::seconds(10));
    const auto repeated = bench_->accept(published("A2", "ext-1", 1));
    ASSERT_TRUE(repeated) << repeated.error().message;
    EXPECT_TRUE(repeated->replayed);
    EXPECT_EQ(repeated->id, first.event->id);
    EXPECT_EQ(repeated->external_id, "ext-1");
  }
  EXPECT_EQ(bench_->accept(published("A2", "ext-2", 2)).error().field, "Idempotency-Key");
  EXPECT_EQ(bench_->list(events_of(tenant.key)).items.size(), 1U);

  // Each for as long as it was last used to say something new.
  Expire write;
  write.idempotency_before = key_time(first.event->id.key.value) + std::chrono::seconds(5);
  EXPECT_EQ(bench_->expire_all(write).idempotency_keys, 1U);
  EXPECT_EQ(bench_->accept(published("A2", "ext-2", 2)).error().field, "Idempotency-Key");
  EXPECT_TRUE(bench_->accept(published("A1", "ext-3", 3)));
}

TEST_P(StoreConformance, WhatIsRefusedIsAnsweredIfItIsARepeat) {
  const auto tenant = bench_->make_tenant();
  auto first = bench_->new_event(bench_->event(tenant.key), {});
  first.idempotency = Idempotency{"k"};
  ASSERT_TRUE(bench_->accept(first));
  auto refused = bench_->new_event(bench_->event(tenant.key), {});
  refused.refusal = invalid("topic", "is gone", "unknown_topic");
  refused.idempotency = Idempotency{"k"};
  EXPECT_EQ(bench_->accept(refused).value().id, first.event->id);
  refused.fingerprint[0] = 1;
  EXPECT_EQ(bench_->accept(refused).error().kind, ErrorKind::conflict);
  refused.idempotency = Idempotency{"other"};
  for (int time = 0; time < 2; ++time) EXPECT_EQ(bench_->accept(refused).error().code, "unknown_topic");
  EXPECT_EQ(bench_->list(events_of(tenant.key)).items.size(), 1U);
}

TEST_P(StoreConformance, FansOutInStepsAndGoesOnAfterARestart) {
  const auto tenant = bench_->make_tenant();
  std::vector<domain::Subscription> subscriptions;
  for (int i = 0; i < 6; ++i) subscriptions.push_back(bench_->make_subscription(tenant.key));
  auto made = bench_->new_event(bench_->event(tenant.key), {subscriptions[0], subscriptions[1]});
  made.matched = 6;
  EXPECT_EQ(bench_->accept(made).value().deliveries, 6U);
  auto complete = bench_->make_event(tenant.key, {subscriptions[0]});

  auto unfinished = bench_->fanouts();
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(*unfinished[0].event, *made.event);
  EXPECT_EQ(unfinished[0].after, subscriptions[1].id.key);

  clock_.advance(std::chrono::seconds(10));
  const AdvanceFanout step{
      made.event->id.key, tenant.key, {bench_->new_delivery(subscriptions[2]), bench_->new_delivery(subscriptions[3])}, false};
  ASSERT_TRUE(bench_->advance(step));
  EXPECT_EQ(bench_->advance(step).error().kind, ErrorKind::conflict) << "the same step again would deliver twice";
  if (GetParam().durable) reopen();
  unfinished = bench_->fanouts();
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(unfinished[0].after, subscriptions[3].id.key);
  auto of_event = deliveries_of(tenant.key);
  of_event.event = made.event->id.key;
  EXPECT_EQ(bench_->list(of_event).items.size(), 4U) << "before it is finished";

  const auto last = bench_->new_delivery(subscriptions[4]);
  ASSERT_TRUE(bench_->advance({made.event->id.key, tenant.key, {last}, true}));
  EXPECT_TRUE(bench_->fanouts().empty());
  EXPECT_EQ(bench_->advance({made.event->id.key, tenant.key, {}, true}).error().kind, ErrorKind::not_found);
  const auto pending = bench_->pending(subscriptions[4].id.key);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].id, last.id);
  EXPECT_EQ(pending[0].due, made.event->accepted_at);
  EXPECT_EQ(bench_->list(of_event).items.size(), 5U);
}

TEST_P(StoreConformance, ALongListOfEventsLetsOthersInBetween) {
  const auto tenant = bench_->make_tenant();
  const std::vector<domain::Subscription> subscriptions(kFanoutInlineMax, bench_->make_subscription(tenant.key));
  AcceptEvents list;
  for (std::size_t rows = 0; rows <= 4 * kTransactionRowsMax; rows += kFanoutInlineMax)
    list.events.push_back(bench_->new_event(bench_->event(tenant.key), subscriptions));
  AcceptEvents single;
  single.events.push_back(bench_->new_event(bench_->event(tenant.key), {}));
  const std::size_t events = list.events.size();
  std::vector<std::size_t> finished;
  for (AcceptEvents* write : {&list, &single}) {
    bench_->session->accept_events(std::move(*write), [&](Result<std::vector<Result<AcceptedEvent>>> result) {
      ASSERT_TRUE(result);
      for (const auto& one : *result) EXPECT_TRUE(one);
      finished.push_back(result->size());
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return finished.size() == 2; }));
  EXPECT_EQ(finished, (std::vector<std::size_t>{1, events}));
}

TEST_P(StoreConformance, KeepsWhoIsStillToGetAnEventUntilItsFanOutIsFinished) {
  const auto tenant = bench_->make_tenant();
  std::vector<domain::Subscription> subscriptions;
  std::vector<SubscriptionKey> keys;
  for (int i = 0; i < 4; ++i) {
    subscriptions.push_back(bench_->make_subscription(tenant.key));
    keys.push_back(subscriptions.back().id.key);
  }
  const auto all = std::make_shared<const std::vector<SubscriptionKey>>(keys);
  const auto some = std::make_shared<const std::vector<SubscriptionKey>>(keys.begin() + 1, keys.end());
  std::vector<NewEvent> events;
  for (const auto& rest : {all, all, some, SubscriptionSet(), all}) {
    auto made = bench_->new_event(bench_->event(tenant.key), {});
    made.matched = 4;
    made.rest = rest;
    events.push_back(made);
  }
  ASSERT_TRUE(bench_->accept_all(events));
  if (GetParam().durable) reopen();

  auto unfinished = bench_->fanouts();
  ASSERT_EQ(unfinished.size(), 5U);
  for (std::size_t i : {0U, 1U, 2U, 4U}) EXPECT_EQ(*unfinished[i].rest, *events[i].rest) << i;
  EXPECT_EQ(unfinished[0].rest, unfinished[1].rest) << "what was given once is there once";
  EXPECT_EQ(unfinished[3].rest, nullptr);

  const auto finish = [&](std::size_t i) {
    return bench_->advance({events[i].event->id.key, tenant.key, {bench_->new_delivery(subscriptions[3])}, true});
  };
  ASSERT_TRUE(finish(0));
  ASSERT_TRUE(finish(2));
  unfinished = bench_->fanouts();
  ASSERT_EQ(unfinished.size(), 3U);
  EXPECT_EQ(*unfinished[0].rest, keys) << "others still have it";
  ASSERT_TRUE(finish(1));
  ASSERT_TRUE(finish(4));
  ASSERT_TRUE(finish(3));
  EXPECT_TRUE(bench_->fanouts().empty());

  auto again = bench_->new_event(bench_->event(tenant.key), {});
  again.matched = 4;
  again.rest = all;
  ASSERT_TRUE(bench_->accept(again));
  unfinished = bench_->fanouts();
  ASSERT_EQ(unfinished.size(), 1U);
  EXPECT_EQ(*unfinished[0].rest, keys) << "what went with the last that had it is kept anew";
}

TEST_P(StoreConformance, AFanOutBelongsToItsTenant) {
  const auto tenant = bench_->make_tenant("one");
  const auto other = bench_->make_tenant("two");
  auto made = bench_->new_event(bench_->event(tenant.key), {});
  made.matched = 1;
  ASSERT_TRUE(bench_->accept(made));
  EXPECT_EQ(bench_->advance({made.event->id.key, other.key, {}, true}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->fanouts().size(), 1U);
  EXPECT_TRUE(bench_->advance({made.event->id.key, tenant.key, {}, true}));
}

}  // namespace
}  // namespace posthorn::store::conformance
