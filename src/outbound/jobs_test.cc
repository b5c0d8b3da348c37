// Jobs on a manual clock and loop and a real SQLite store in memory.
#include "outbound/jobs.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/manual_loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::outbound {
namespace {

using domain::DeliveryState;
using domain::Job;
using domain::JobAction;
using domain::JobKind;
using domain::JobState;

class RunningJobs : public testing::Test {
 protected:
  void SetUp() override {
    store::sqlite::SqliteOptions options;
    options.place = store::sqlite::SqliteOptions::Place::memory;
    options.threads = store::sqlite::SqliteOptions::Threads::caller;
    auto opened = store::sqlite::open_sqlite(options, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    session_ = store_->open_session(loop_);
    domain::Tenant tenant;
    tenant.key = tenant_;
    tenant.name = "t";
    tenant.webhooks_enabled = true;
    session_->save_tenant({tenant, 0}, [](Result<store::Saved> saved) { ASSERT_TRUE(saved) << saved.error().message; });
    session_->claim_shards({"node", clock_.schedule_now(), clock_.schedule_now() + 24h},
                           [this](auto leases) { leases_ = std::move(*leases); });
    loop_.run_ready();
    subscription_ = subscribe({"**"});
  }
  void TearDown() override {
    jobs_.reset();
    session_.reset();
    if (store_) store_->stop();
  }

  domain::Subscription subscribe(std::vector<std::string> topics) {
    domain::Subscription subscription;
    subscription.id = ids_.next<SubscriptionId>();
    subscription.tenant = tenant_;
    subscription.settings.url = "https://example.com/hook";
    subscription.settings.topics = std::move(topics);
    session_->save_subscription({subscription, 0},
                                [](Result<store::SavedSubscription> saved) { ASSERT_TRUE(saved) << saved.error().message; });
    loop_.run_ready();
    return subscription;
  }

  void start() {
    catalogue_ = std::make_unique<Catalogue>(clock_, ids_, sealer_);
    session_->load_catalogue([this](Result<store::Catalogue> rows) { ASSERT_TRUE(catalogue_->fill(std::move(*rows))); });
    loop_.run_ready();
    jobs_ = std::make_unique<Jobs>(loop_, *session_, *catalogue_, ids_, clock_, gate_,
                                   JobSinks{[this](SubscriptionKey key, std::uint32_t count) { pushed_[key] += count; },
                                            [this](SubscriptionKey) { ++polled_; }});
    bool started = false;
    jobs_->start(leases_, [&](Status status) { started = status.has_value(); });
    loop_.run_ready();
    ASSERT_TRUE(started);
  }

  void publish(const std::string& topic, std::vector<SubscriptionId> subscriptions, DeliveryState state = {}) {
    auto event = std::make_shared<domain::Event>();
    event->id = ids_.next<EventId>();
    event->tenant = tenant_;
    event->topic = topic;
    event->time = clock_.wall_now();
    event->accepted_at = clock_.schedule_now();
    event->payload = "{\"n\":1}";
    store::NewEvent write;
    write.event = event;
    for (const auto id : subscriptions) write.deliveries.push_back({ids_.next<DeliveryId>(), id});
    write.matched = static_cast<std::uint32_t>(subscriptions.size());
    const auto deliveries = write.deliveries;
    store::AcceptEvents accept;
    accept.events.push_back(std::move(write));
    session_->accept_events(std::move(accept), [](auto accepted) { ASSERT_TRUE(accepted && accepted->front()); });
    for (const auto& delivery : deliveries) {
      if (state != DeliveryState::pending) finish(delivery.id, delivery.subscription.key, state);
    }
    loop_.run_ready();
  }
  void finish(DeliveryId delivery, SubscriptionKey subscription, DeliveryState state) {
    store::RecordAttempt write;
    write.lease = leases_[domain::shard_of(subscription)];
    write.delivery = delivery;
    write.subscription = subscription;
    write.attempt.number = 1;
    write.state = state;
    write.at = clock_.schedule_now();
    session_->record_attempt(std::make_shared<store::RecordAttempt>(std::move(write)),
                             [](auto recorded) { ASSERT_TRUE(recorded); });
  }

  Job make(JobKind kind, std::vector<std::string> topics = {}) {
    Job job;
    job.id = ids_.next<domain::JobId>();
    job.tenant = tenant_;
    job.kind = kind;
    job.filter.subscription = subscription_.id;
    job.filter.topics = std::move(topics);
    job.end = job.id.key.value;
    job.created_at = job.updated_at = clock_.schedule_now();
    session_->start_job({job}, [](Status started) { ASSERT_TRUE(started); });
    loop_.run_ready();
    return job;
  }
  Job find(const Job& job) {
    Job found;
    session_->find_job({job.tenant, job.id}, [&](Result<Job> row) { found = row.value(); });
    loop_.run_ready();
    return found;
  }
  Job change(const Job& job, JobAction action) {
    Job changed;
    session_->change_job({job.tenant, job.id, action, clock_.schedule_now()}, [&](Result<Job> row) { changed = row.value(); });
    loop_.run_ready();
    return changed;
  }
  std::map<DeliveryState, int> states() {
    std::map<DeliveryState, int> counts;
    store::ListDeliveries query;
    query.tenant = tenant_;
    query.page.limit = 100000;
    session_->list_deliveries(query, [&](auto page) {
      for (const auto& delivery : page->items) ++counts[delivery.state];
    });
    loop_.run_ready();
    return counts;
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  IdSource ids_{clock_, 7};
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  RunnableGate gate_;
  TenantKey tenant_{ids_.next_key()};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Jobs> jobs_;
  std::vector<store::Lease> leases_;
  domain::Subscription subscription_;
  std::map<SubscriptionKey, std::uint32_t> pushed_;
  int polled_ = 0;
};

constexpr int kMany = 3 * static_cast<int>(kJobStepMax) + 10;

TEST_F(RunningJobs, RecoverEverythingInBoundedStepsWithPauses) {
  for (int i = 0; i < kMany; ++i) publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  start();
  const Job job = make(JobKind::recover);
  jobs_->add(job);
  loop_.run_ready();
  EXPECT_EQ(find(job).examined, kJobStepMax) << "one step, then a pause";
  EXPECT_EQ(find(job).total, static_cast<std::uint64_t>(kMany));
  loop_.advance(1s);
  EXPECT_EQ(find(job).state, JobState::done);
  EXPECT_EQ(find(job).changed, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::pending, kMany}}));
  EXPECT_EQ(pushed_[subscription_.id.key], static_cast<std::uint32_t>(kMany));
  EXPECT_EQ(jobs_->running(), 0u);
}

TEST_F(RunningJobs, GoOnAfterARestartWithoutDoingAnythingTwice) {
  for (int i = 0; i < kMany; ++i) publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  start();
  const Job job = make(JobKind::recover);
  jobs_->add(job);
  loop_.run_ready();
  jobs_.reset();  // as a killed process
  loop_.run_ready();
  ASSERT_EQ(find(job).state, JobState::running);
  start();
  loop_.advance(1s);
  EXPECT_EQ(find(job).state, JobState::done);
  EXPECT_EQ(find(job).changed, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(pushed_[subscription_.id.key], static_cast<std::uint32_t>(kMany));
}

TEST_F(RunningJobs, WaitWhileEnoughCouldRunAlready) {
  for (int i = 0; i < kMany; ++i) publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  start();
  gate_.add(kJobRunnableMax);
  const Job job = make(JobKind::recover);
  jobs_->add(job);
  loop_.advance(10s);
  EXPECT_EQ(find(job).examined, 0u);
  gate_.add(-1);
  loop_.advance(1s);
  EXPECT_EQ(find(job).state, JobState::done);
  gate_.add(1 - kJobRunnableMax);
}

TEST_F(RunningJobs, RestWhenPausedAndGoOnWhenResumed) {
  for (int i = 0; i < kMany; ++i) publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  start();
  const Job job = make(JobKind::recover);
  jobs_->add(job);
  loop_.run_ready();
  change(job, JobAction::pause);
  loop_.advance(10s);
  EXPECT_EQ(find(job).state, JobState::paused);
  EXPECT_EQ(find(job).examined, kJobStepMax);
  EXPECT_EQ(jobs_->running(), 0u);
  jobs_->add(change(job, JobAction::resume));
  loop_.advance(1s);
  EXPECT_EQ(find(job).changed, static_cast<std::uint64_t>(kMany));
}

TEST_F(RunningJobs, EndWhenCancelled) {
  for (int i = 0; i < kMany; ++i) publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  start();
  const Job job = make(JobKind::recover);
  jobs_->add(job);
  loop_.run_ready();
  change(job, JobAction::cancel);
  loop_.advance(10s);
  EXPECT_EQ(states()[DeliveryState::pending], static_cast<int>(kJobStepMax));
  EXPECT_EQ(jobs_->running(), 0u);
}

TEST_F(RunningJobs, AreServedInTurns) {
  for (int i = 0; i < kMany; ++i) publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  const auto other = subscribe({"a.**"});
  for (int i = 0; i < 3; ++i) publish("a.b", {other.id}, DeliveryState::exhausted);
  start();
  const Job large = make(JobKind::recover);
  Job small = make(JobKind::recover);
  subscription_ = other;
  small = make(JobKind::recover);
  jobs_->add(large);
  jobs_->add(small);
  loop_.advance(kJobStepPause);
  EXPECT_EQ(find(small).state, JobState::done);
  EXPECT_EQ(find(large).state, JobState::running);
}

TEST_F(RunningJobs, ReplayWhatMatchesNowAndWasNeverTried) {
  subscription_ = subscribe({"wanted.*"});
  for (int i = 0; i < 300; ++i) publish(i % 3 == 0 ? "other.topic" : "wanted.topic", {});
  publish("wanted.topic", {subscription_.id}, DeliveryState::succeeded);
  publish("wanted.else", {});
  start();
  const Job job = make(JobKind::replay_missing, {"*.topic"});
  jobs_->add(job);
  loop_.advance(1s);
  EXPECT_EQ(find(job).state, JobState::done);
  EXPECT_EQ(find(job).changed, 200u);
  EXPECT_EQ(find(job).examined, 302u);
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::pending, 200}, {DeliveryState::succeeded, 1}}));
  EXPECT_EQ(pushed_[subscription_.id.key], 200u);
  const Job again = make(JobKind::replay_missing);
  jobs_->add(again);
  loop_.advance(1s);
  EXPECT_EQ(find(again).changed, 1u) << "only what the first left out";
}

TEST_F(RunningJobs, FailWithAReasonWhenTheirSubscriptionIsGone) {
  publish("a.b", {});
  start();
  const Job job = make(JobKind::replay_missing);
  session_->delete_subscription({subscription_.id.key, 0, clock_.schedule_now()}, [](Status) {});
  loop_.run_ready();
  start();
  loop_.advance(1s);
  EXPECT_EQ(find(job).state, JobState::failed);
  EXPECT_NE(find(job).error.find("subscription"), std::string::npos);
}

TEST_F(RunningJobs, LeaveThoseOfForeignShardsAlone) {
  publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  std::erase_if(leases_, [&](const auto& lease) { return lease.shard == domain::shard_of(subscription_.id.key); });
  start();
  const Job job = make(JobKind::recover);
  jobs_->add(job);
  loop_.advance(1s);
  EXPECT_EQ(find(job).state, JobState::running);
  EXPECT_EQ(find(job).examined, 0u);
}

TEST_F(RunningJobs, StopWhenTheStepUnderWayIsOver) {
  for (int i = 0; i < kMany; ++i) publish("a.b", {subscription_.id}, DeliveryState::exhausted);
  start();
  const Job job = make(JobKind::recover);
  jobs_->add(job);
  bool stopped = false;
  jobs_->stop([&] { stopped = true; });
  loop_.advance(1s);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(find(job).state, JobState::running);
  EXPECT_LE(find(job).examined, kJobStepMax);
}

}  // namespace
}  // namespace posthorn::outbound
