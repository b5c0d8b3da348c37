#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;

// Walks all pages; each must keep its limit.
template <class Query>
auto all_pages(Bench& bench, Query query, std::uint32_t limit) {
  query.page = {limit, 0};
  auto page = bench.list(query);
  auto items = page.items;
  while (page.next != 0 && items.size() < 10'000) {
    EXPECT_LE(page.items.size(), limit);
    query.page.cursor = page.next;
    page = bench.list(query);
    items.insert(items.end(), page.items.begin(), page.items.end());
  }
  return items;
}

TEST_P(StoreConformance, ListsEventsNewestFirstInPages) {
  const auto tenant = bench_->make_tenant("one");
  const auto other = bench_->make_tenant("two");
  std::vector<EventId> expected;
  for (int i = 0; i < 23; ++i) {
    expected.insert(expected.begin(), bench_->make_event(tenant.key, {}).event->id);
    bench_->make_event(other.key, {});
    clock_.advance(std::chrono::milliseconds(i % 2));
  }
  for (const std::uint32_t limit : {1U, 5U, 22U, 23U, 24U}) {
    const auto items = all_pages(*bench_, events_of(tenant.key), limit);
    ASSERT_EQ(items.size(), expected.size());
    for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i].event.id, expected[i]);
  }
  auto exact = events_of(tenant.key);
  exact.page.limit = 23;
  EXPECT_EQ(bench_->list(exact).next, 0) << "no empty page after the last";
}

TEST_P(StoreConformance, FiltersEventsByTopicAndTime) {
  const auto tenant = bench_->make_tenant();
  std::vector<Timestamp> times;
  for (int i = 0; i < 10; ++i) {
    auto event = bench_->event(tenant.key, i % 2 == 0 ? "even" : "odd");
    ASSERT_TRUE(bench_->accept(bench_->new_event(event, {})));
    times.push_back(event.accepted_at);
    clock_.advance(std::chrono::seconds(1));
  }
  auto query = events_of(tenant.key);
  query.topic = "even";
  EXPECT_EQ(all_pages(*bench_, query, 2).size(), 5U);
  query.topic = "eve";
  EXPECT_TRUE(all_pages(*bench_, query, 2).empty()) << "exact";
  query.topic.clear();
  query.since = times[3];
  EXPECT_EQ(all_pages(*bench_, query, 3).size(), 7U);
  query.until = times[7];
  EXPECT_EQ(all_pages(*bench_, query, 3).size(), 4U) << "until is exclusive";
  query.topic = "odd";
  const auto items = all_pages(*bench_, query, 3);
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].event.accepted_at, times[5]);
  EXPECT_EQ(items[1].event.accepted_at, times[3]);
}

TEST_P(StoreConformance, AnEventsRowTellsHowManyDeliveriesItWasMatchedTo) {
  const auto tenant = bench_->make_tenant();
  auto made = bench_->new_event(bench_->event(tenant.key), {bench_->make_subscription(tenant.key)});
  made.matched = 300;
  ASSERT_TRUE(bench_->accept(made));
  EXPECT_EQ(bench_->find(tenant.key, made.event->id)->deliveries, 300U);
  EXPECT_EQ(bench_->list(events_of(tenant.key)).items.at(0).deliveries, 300U);
}

TEST_P(StoreConformance, EndsAPageOfLargeEventsEarly) {
  const auto tenant = bench_->make_tenant();
  for (int i = 0; i < 12; ++i) {
    auto event = bench_->event(tenant.key);
    event.payload.assign(1024 * 1024, 'x');
    ASSERT_TRUE(bench_->accept(bench_->new_event(event, {})));
  }
  auto query = events_of(tenant.key);
  query.page.limit = 100;
  const auto page = bench_->list(query);
  EXPECT_LT(page.items.size(), 12U);
  EXPECT_NE(page.next, 0);
  EXPECT_EQ(all_pages(*bench_, query, 100).size(), 12U);
}

class ListDeliveriesRows {
 public:
  explicit ListDeliveriesRows(Bench& bench) : tenant(bench.make_tenant("one")) {
    const auto other = bench.make_tenant("two");
    const auto elsewhere = bench.make_subscription(other.key);
    one = bench.make_subscription(tenant.key);
    two = bench.make_subscription(tenant.key);
    for (int i = 0; i < 24; ++i) {
      auto event = bench.event(tenant.key, i % 3 == 0 ? "a.b" : "c.d");
      auto made = bench.new_event(event, {one, two});
      EXPECT_TRUE(bench.accept(made));
      events.push_back(made);
      bench.make_event(other.key, {elsewhere});
      bench.clock.advance(std::chrono::seconds(1));
    }
    const DeliveryState states[] = {DeliveryState::succeeded, DeliveryState::exhausted, DeliveryState::pending};
    const auto pending = bench.pending(one.id.key);
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (i % 4 == 3) {
        EXPECT_TRUE(bench.cancel(tenant.key, pending[i].id));
      } else {
        EXPECT_TRUE(bench.record(bench.outcome(pending[i], states[i % 4])));
      }
    }
  }
  domain::Tenant tenant;
  domain::Subscription one;
  domain::Subscription two;
  std::vector<NewEvent> events;
};

TEST_P(StoreConformance, ListsDeliveriesNewestFirstByEveryFilter) {
  const ListDeliveriesRows rows(*bench_);
  struct Case {
    const char* what;
    std::function<void(ListDeliveries&)> filter;
    std::size_t expected;
  };
  const Case cases[] = {
      {"all", [](auto&) {}, 48},
      {"subscription", [&](auto& query) { query.subscription = rows.one.id.key; }, 24},
      {"event", [&](auto& query) { query.event = rows.events[4].event->id.key; }, 2},
      {"event and subscription",
       [&](auto& query) {
         query.event = rows.events[4].event->id.key;
         query.subscription = rows.two.id.key;
       },
       1},
      {"pending", [](auto& query) { query.state = DeliveryState::pending; }, 30},
      {"succeeded", [](auto& query) { query.state = DeliveryState::succeeded; }, 6},
      {"exhausted", [](auto& query) { query.state = DeliveryState::exhausted; }, 6},
      {"cancelled", [](auto& query) { query.state = DeliveryState::cancelled; }, 6},
      {"exhausted of a subscription",
       [&](auto& query) {
         query.subscription = rows.one.id.key;
         query.state = DeliveryState::exhausted;
       },
       6},
      {"none such",
       [&](auto& query) {
         query.subscription = rows.two.id.key;
         query.state = DeliveryState::exhausted;
       },
       0},
      {"topic", [](auto& query) { query.topic = "a.b"; }, 16},
      {"topic and state",
       [](auto& query) {
         query.topic = "a.b";
         query.state = DeliveryState::succeeded;
       },
       2},
      {"since", [&](auto& query) { query.since = rows.events[20].event->accepted_at; }, 8},
      {"until", [&](auto& query) { query.until = rows.events[3].event->accepted_at; }, 6},
      {"between",
       [&](auto& query) {
         query.since = rows.events[3].event->accepted_at;
         query.until = rows.events[5].event->accepted_at;
         query.subscription = rows.two.id.key;
       },
       2},
  };
  for (const Case& tested : cases) {
    auto query = deliveries_of(rows.tenant.key);
    tested.filter(query);
    for (const std::uint32_t limit : {2U, 5U, 100U}) {
      const auto items = all_pages(*bench_, query, limit);
      EXPECT_EQ(items.size(), tested.expected) << tested.what << " in pages of " << limit;
      for (std::size_t i = 1; i < items.size(); ++i) EXPECT_LT(items[i].id.key, items[i - 1].id.key) << tested.what;
      for (const auto& item : items) EXPECT_EQ(item, *bench_->find(rows.tenant.key, item.id)) << tested.what;
    }
  }
}

TEST_P(StoreConformance, ListsNothingOfAnotherTenantByItsKeys) {
  const ListDeliveriesRows rows(*bench_);
  const auto stranger = bench_->make_tenant("stranger");
  auto query = deliveries_of(stranger.key);
  query.event = rows.events[0].event->id.key;
  EXPECT_TRUE(bench_->list(query).items.empty());
  query = deliveries_of(stranger.key);
  query.subscription = rows.one.id.key;
  EXPECT_TRUE(bench_->list(query).items.empty());
  const DeliveryId delivery = rows.events[0].deliveries[0].id;
  EXPECT_EQ(bench_->find(stranger.key, delivery).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->attempts(stranger.key, delivery).error().kind, ErrorKind::not_found);
  DeliveryId guessed = delivery;
  guessed.salt ^= 1;
  EXPECT_EQ(bench_->find(rows.tenant.key, guessed).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->attempts(rows.tenant.key, guessed).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(bench_->find(rows.tenant.key, delivery));
}

}  // namespace
}  // namespace posthorn::store::conformance
