#include <gtest/gtest.h>

#include <algorithm>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;

class PollRows {
 public:
  explicit PollRows(Bench& rows_bench) : bench(rows_bench), tenant(bench.make_tenant()) {
    subscription = bench.subscription(tenant.key);
    subscription.settings.kind = domain::Kind::poll;
    subscription.settings.url.clear();
    EXPECT_TRUE(bench.save(subscription));
  }

  NewEvent event() {
    NewEvent made = bench.new_event(bench.event(tenant.key), {subscription});
    made.deliveries[0].kind = domain::Kind::poll;
    return made;
  }
  NewEvent accept(NewEvent made) {
    EXPECT_TRUE(bench.accept(made));
    return made;
  }
  PolledPage poll(std::int64_t after = 0, std::uint32_t limit = 100, std::size_t bytes = 1024 * 1024) {
    auto page = ask<PolledPage>(bench.loop, [&](Done<PolledPage> done) {
      bench.session->poll_deliveries({subscription.id.key, after, limit, bytes}, std::move(done));
    });
    EXPECT_TRUE(page);
    return page ? std::move(*page) : PolledPage{};
  }
  AcknowledgedPolled acknowledge(std::int64_t through, std::uint32_t limit = 100) {
    auto done_items = ask<AcknowledgedPolled>(bench.loop, [&](Done<AcknowledgedPolled> done) {
      bench.session->acknowledge_polled({subscription.id.key, through, limit, bench.now()}, std::move(done));
    });
    EXPECT_TRUE(done_items);
    return done_items ? *done_items : AcknowledgedPolled{};
  }
  std::vector<EventId> ids(const PolledPage& page) {
    std::vector<EventId> found;
    for (const auto& item : page.items) found.push_back(item.event->id);
    return found;
  }
  DeliveryState state(const NewEvent& made) { return bench.find(tenant.key, made.deliveries[0].id)->state; }

  Bench& bench;
  domain::Tenant tenant;
  domain::Subscription subscription;
};

TEST_P(StoreConformance, ReadsInTheOrderOfCommitsAndNeverPassesAKeyThatIsCommittedLater) {
  PollRows rows(*bench_);
  const NewEvent early = rows.event();  // its keys are the smaller ones
  const NewEvent late = rows.accept(rows.event());
  const PolledPage first = rows.poll();
  ASSERT_EQ(rows.ids(first), (std::vector<EventId>{late.event->id}));
  rows.accept(early);
  const PolledPage second = rows.poll(first.items.back().place);
  ASSERT_EQ(rows.ids(second), (std::vector<EventId>{early.event->id}));
  EXPECT_EQ(rows.ids(rows.poll()), (std::vector<EventId>{late.event->id, early.event->id}));
  EXPECT_EQ(*second.items[0].event, *early.event);
  EXPECT_EQ(second.items[0].id, early.deliveries[0].id);
  rows.acknowledge(first.items.back().place);
  EXPECT_EQ(rows.state(late), DeliveryState::succeeded);
  EXPECT_EQ(rows.state(early), DeliveryState::pending);
}

TEST_P(StoreConformance, ReadsWhatIsNotAcknowledgedAgain) {
  PollRows rows(*bench_);
  std::vector<EventId> all;
  for (int i = 0; i < 10; ++i) all.push_back(rows.accept(rows.event()).event->id);
  PolledPage page = rows.poll(0, 4);
  EXPECT_EQ(rows.ids(page), std::vector<EventId>(all.begin(), all.begin() + 4));
  EXPECT_TRUE(page.more);
  EXPECT_EQ(rows.ids(rows.poll(0, 4)), rows.ids(page));
  const auto mark = page.items[2].place;
  EXPECT_EQ(rows.acknowledge(mark).count, 3U);
  EXPECT_EQ(rows.acknowledge(mark).count, 0U) << "an acknowledgement may be repeated";
  page = rows.poll(0, 100);
  EXPECT_EQ(rows.ids(page), std::vector<EventId>(all.begin() + 3, all.end()));
  EXPECT_FALSE(page.more);
  if (GetParam().durable) {
    reopen();
    const auto again = ask<PolledPage>(loop_, [&](Done<PolledPage> done) {
      bench_->session->poll_deliveries({rows.subscription.id.key, 0, 100, 1024 * 1024}, std::move(done));
    });
    EXPECT_EQ(again->items.size(), 7U);
  }
}

TEST_P(StoreConformance, AcknowledgesInBoundedStepsFromTheFirstOn) {
  PollRows rows(*bench_);
  for (int i = 0; i < 5; ++i) rows.accept(rows.event());
  const auto last = rows.poll().items.back().place;
  EXPECT_TRUE(rows.acknowledge(last, 2).more);
  EXPECT_EQ(rows.poll().items.size(), 3U);
  EXPECT_TRUE(rows.acknowledge(last, 2).more);
  EXPECT_FALSE(rows.acknowledge(last, 2).more);
  EXPECT_TRUE(rows.poll().items.empty());
}

TEST_P(StoreConformance, EndsAPolledPageByItsPayloadsToo) {
  PollRows rows(*bench_);
  for (int i = 0; i < 3; ++i) rows.accept(rows.event());
  const PolledPage page = rows.poll(0, 100, 1);
  EXPECT_EQ(page.items.size(), 1U);
  EXPECT_TRUE(page.more);
}

TEST_P(StoreConformance, KeepsPolledDeliveriesFromLanes) {
  PollRows rows(*bench_);
  const auto pushed = bench_->make_subscription(rows.tenant.key);
  for (int i = 0; i < 3; ++i) rows.accept(rows.event());
  EXPECT_TRUE(bench_->lanes().empty());
  EXPECT_EQ(bench_->count().pending, 0U);
  EXPECT_EQ(bench_->count().oldest, std::nullopt);
  LoadPending everything{.subscription = rows.subscription.id.key, .due_until = Timestamp::max(), .after_key = {}};
  everything.limit = 100;
  everything.payload_bytes_max = 1024 * 1024;
  EXPECT_TRUE(bench_->pending(everything).empty());
  bench_->make_event(rows.tenant.key, {pushed});
  ASSERT_EQ(bench_->lanes().size(), 1U);
  EXPECT_EQ(bench_->lanes()[0].subscription, pushed.id.key);
  EXPECT_EQ(bench_->count().pending, 1U);
}

TEST_P(StoreConformance, PutsAResentPolledDeliveryAtTheEnd) {
  PollRows rows(*bench_);
  const auto first = rows.accept(rows.event());
  const auto second = rows.accept(rows.event());
  rows.acknowledge(rows.poll().items[0].place);
  const auto pending = bench_->resend(rows.tenant.key, first.deliveries[0].id);
  ASSERT_TRUE(pending);
  EXPECT_GE(pending->due, domain::kNeverDue) << "no lane may take it";
  EXPECT_EQ(rows.ids(rows.poll()), (std::vector<EventId>{second.event->id, first.event->id}));
  ASSERT_TRUE(bench_->cancel(rows.tenant.key, second.deliveries[0].id));
  EXPECT_EQ(rows.ids(rows.poll()), (std::vector<EventId>{first.event->id}));
}

TEST_P(StoreConformance, GivesPlacesToWhatAFanOutMakes) {
  PollRows rows(*bench_);
  auto event = bench_->new_event(bench_->event(rows.tenant.key), {});
  event.matched = 1;
  ASSERT_TRUE(bench_->accept(event));
  const auto other = rows.accept(rows.event());
  AdvanceFanout rest;
  rest.event = event.event->id.key;
  rest.tenant = rows.tenant.key;
  rest.deliveries = {bench_->new_delivery(rows.subscription)};
  rest.deliveries[0].kind = domain::Kind::poll;
  rest.finished = true;
  ASSERT_TRUE(bench_->advance(rest));
  EXPECT_EQ(rows.ids(rows.poll()), (std::vector<EventId>{other.event->id, event.event->id}));
}

TEST_P(StoreConformance, ExpiresPolledDeliveriesThatNobodyCameFor) {
  PollRows rows(*bench_);
  const auto old_one = rows.accept(rows.event());
  clock_.advance(std::chrono::milliseconds(10));
  Expire write{};
  write.payloads_before = bench_->now();
  bench_->expire_all(write);
  EXPECT_EQ(rows.ids(rows.poll()), (std::vector<EventId>{old_one.event->id})) << "its payload is still needed";
  write.deliveries_before = bench_->now();
  const auto young = rows.accept(rows.event());
  bench_->expire_all(write);
  EXPECT_EQ(rows.ids(rows.poll()), (std::vector<EventId>{young.event->id}));
  EXPECT_EQ(bench_->find(rows.tenant.key, old_one.deliveries[0].id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->find(rows.tenant.key, old_one.event->id).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace posthorn::store::conformance
