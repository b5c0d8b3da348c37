#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

// What a child process tells of each event that was completed.
struct Acknowledged {
  TenantKey tenant;
  EventId event;
  DeliveryId delivery;
};

// Publishes and records without end, telling of every completion; it is killed in the middle.
[[noreturn]] void publish_until_killed(const StoreKind& kind, const std::string& place, int pipe) {
  ManualClock clock;
  TestLoop loop;
  auto store = kind.open(place, clock);
  if (!store) _exit(1);
  IdSource ids(clock, 11, 1, (*store)->largest_key());
  Bench bench(loop, **store, clock, ids);
  const auto tenant = bench.make_tenant("tenant-" + std::to_string(ids.next_key()));
  const auto subscription = bench.make_subscription(tenant.key);
  bench.claim("child");
  while (true) {
    int open = 0;
    for (int i = 0; i < 20; ++i) {
      auto made = bench.new_event(bench.event(tenant.key), {subscription});
      AcceptEvents write;
      write.events.push_back(made);
      ++open;
      bench.session->accept_events(std::move(write), [&open, pipe, made](auto results) {
        --open;
        if (!results || !results->at(0)) _exit(2);
        const Acknowledged line{made.event->tenant, made.event->id, made.deliveries[0].id};
        if (::write(pipe, &line, sizeof line) != sizeof line) _exit(3);
      });
    }
    if (!loop.run_until([&open] { return open == 0; })) _exit(4);
    for (const auto& pending : bench.pending(subscription.id.key)) {
      if (!bench.record(bench.outcome(pending, domain::DeliveryState::succeeded))) _exit(5);
    }
  }
}

TEST_P(StoreConformance, LosesNothingThatWasCompletedWhenTheProcessIsKilled) {
  if (!GetParam().durable) GTEST_SKIP() << "the store keeps nothing";
  close();
  std::vector<Acknowledged> acknowledged;
  for (const std::size_t enough : {1U, 25U, 130U, 131U}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      publish_until_killed(GetParam(), folder_.path() + "/data", ends[1]);
    }
    ::close(ends[1]);
    Acknowledged line;
    for (std::size_t i = 0; i < enough && read(ends[0], &line, sizeof line) == sizeof line; ++i) acknowledged.push_back(line);
    kill(child, SIGKILL);
    while (read(ends[0], &line, sizeof line) == sizeof line) acknowledged.push_back(line);
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);

    open();
    for (const auto& one : acknowledged) {
      EXPECT_TRUE(bench_->find(one.tenant, one.event));
      EXPECT_TRUE(bench_->find(one.tenant, one.delivery));
    }
    close();
  }
  EXPECT_GE(acknowledged.size(), 287U);
}

TEST_P(StoreConformance, AWriteThatTheDatabaseRefusesDoesNotTakeTheOthersWithIt) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto first = bench_->new_event(bench_->event(tenant.key), {subscription});
  auto broken = bench_->new_event(bench_->event(tenant.key), {subscription});
  broken.deliveries = first.deliveries;  // a key twice: a bug of ours, which the database finds
  const auto last = bench_->new_event(bench_->event(tenant.key), {subscription});
  std::vector<Result<AcceptedEvent>> results;
  for (const auto& made : {first, broken, last}) {
    bench_->session->accept_events({{made}}, [&results](auto answer) {
      results.push_back(answer ? std::move(answer->at(0)) : Result<AcceptedEvent>(answer.error()));
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return results.size() == 3; }));
  EXPECT_TRUE(results[0]);
  EXPECT_EQ(results[1].error().kind, ErrorKind::internal);
  EXPECT_TRUE(results[2]);
  EXPECT_TRUE(bench_->find(tenant.key, first.event->id));
  EXPECT_FALSE(bench_->find(tenant.key, broken.event->id));
  EXPECT_TRUE(bench_->find(tenant.key, last.event->id));
  EXPECT_EQ(store_->health().state, Health::State::ok);
}

TEST_P(StoreConformance, BacksUpWhileServing) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  std::vector<NewEvent> made;
  for (int i = 0; i < 200; ++i) made.push_back(bench_->make_event(tenant.key, {subscription}));
  const std::string path = folder_.path() + "/backup";
  std::optional<Result<void>> done;
  bench_->session->backup(path, [&done](auto result) { done.emplace(std::move(result)); });
  while (!done) {
    made.push_back(bench_->make_event(tenant.key, {subscription}));
    loop_.run_queued();
  }
  ASSERT_TRUE(*done) << done->error().message;
  EXPECT_EQ(bench_->backup(path).error().kind, ErrorKind::conflict) << "the file exists";
  EXPECT_FALSE(bench_->backup(folder_.path() + "/missing/backup"));
}

}  // namespace
}  // namespace posthorn::store::conformance
