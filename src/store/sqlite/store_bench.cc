// What the store costs by itself: accept and record, durable, without HTTP.
//
// A number of pairs is in flight; each is one event with one delivery that one loop accepts and another records, as the server
// does it. Prints deliveries per second, bytes of log per delivery, the size of a merged transaction, and for long runs the
// rate of each tenth.
//
//   store_bench --dir FOLDER [--pairs 256] [--deliveries 200000] [--payload 512] [--subscriptions 1] [--page 4096]
//               [--checkpoint 8388608] [--cache 8192] [--per-second 0]
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "store/conformance/test_loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::store {
namespace {

struct Options {
  std::string dir = "posthorn-store-bench";
  std::int64_t pairs = 256;
  std::int64_t deliveries = 200'000;
  std::int64_t payload = 512;
  std::int64_t subscriptions = 1;
  std::int64_t page = 4096;
  std::int64_t checkpoint = 8 * 1024 * 1024;
  std::int64_t cache = 8 * 1024;
  std::int64_t per_second = 0;  // 0: as fast as it goes
};

std::int64_t number(const char* text) {
  std::int64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--dir") options.dir = argv[i + 1];
    if (name == "--pairs") options.pairs = number(argv[i + 1]);
    if (name == "--deliveries") options.deliveries = number(argv[i + 1]);
    if (name == "--payload") options.payload = number(argv[i + 1]);
    if (name == "--subscriptions") options.subscriptions = number(argv[i + 1]);
    if (name == "--page") options.page = number(argv[i + 1]);
    if (name == "--checkpoint") options.checkpoint = number(argv[i + 1]);
    if (name == "--cache") options.cache = number(argv[i + 1]);
    if (name == "--per-second") options.per_second = number(argv[i + 1]);
  }
  return options;
}

class Run {
 public:
  Run(const Options& options, Store& store)
      : options_(options), accepting_(store.open_session(accept_loop_)), recording_(store.open_session(record_loop_)) {
    for (std::int64_t i = 0; i < options.subscriptions; ++i) subscriptions_.push_back(ids_.next<SubscriptionId>());
    payload_.assign(static_cast<std::size_t>(options.payload), 'x');
    accepting_->claim_shards({"bench", clock_.schedule_now(), clock_.schedule_now() + std::chrono::hours(24)},
                             [this](auto held) { leases_ = std::move(held.value()); });
    accept_loop_.run_until([this] { return !leases_.empty(); });
  }

  void go() {
    std::thread recorder([this] { record_loop_.run_until([this] { return recorded_ >= options_.deliveries; }, kPatience); });
    start_ = std::chrono::steady_clock::now();
    tenth_start_ = start_;
    tenth_cpu_ = cpu_seconds();
    if (options_.per_second > 0) {
      paced();
    } else {
      for (std::int64_t i = 0; i < options_.pairs; ++i) accept_one();
    }
    accept_loop_.run_until([this] { return finished_ >= options_.deliveries; }, kPatience);
    record_loop_.post([] {});
    recorder.join();
    accepting_.reset();
    recording_.reset();
  }

  void print(const Measures& measures) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    std::printf("pairs %ld  deliveries/s %.0f  commits/s %.0f  pairs a commit %.1f  commit %.0f us  checkpoints %lu\n",
                options_.pairs, static_cast<double>(options_.deliveries) / seconds,
                static_cast<double>(measures.transactions) / seconds,
                static_cast<double>(measures.operations) / 2 / static_cast<double>(measures.transactions),
                static_cast<double>(measures.commit_time_total.count()) / 1000 / static_cast<double>(measures.transactions),
                measures.checkpoints);
    std::printf("bytes: %.0f of data a delivery; log about %.0f a delivery\n",
                static_cast<double>(measures.data_bytes) / static_cast<double>(options_.deliveries),
                static_cast<double>(measures.checkpoints) * static_cast<double>(options_.checkpoint) /
                    static_cast<double>(options_.deliveries));
    std::ranges::sort(latencies_);
    std::printf("accept to recorded: p50 %.2f ms, p99 %.2f ms\n", percentile(0.5), percentile(0.99));
    for (std::size_t i = 0; i < tenths_.size(); ++i) {
      std::printf("tenth %zu: %.0f/s, %.1f us of CPU a delivery\n", i + 1, tenths_[i].rate, tenths_[i].cpu_microseconds);
    }
  }

 private:
  static constexpr auto kPatience = std::chrono::seconds(100'000);

  struct Tenth {
    double rate;
    double cpu_microseconds;
  };

  static double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  }

  double percentile(double part) const {
    if (latencies_.empty()) return 0;
    return latencies_[static_cast<std::size_t>(part * static_cast<double>(latencies_.size() - 1))];
  }

  void paced() {
    const auto interval = std::chrono::nanoseconds(1'000'000'000 / options_.per_second);
    auto next = std::chrono::steady_clock::now();
    while (started_ < options_.deliveries) {
      while (accept_loop_.run_one(next)) {
      }
      accept_one();
      next += interval;
    }
  }

  void accept_one() {
    if (started_ >= options_.deliveries) return;
    const auto begun = std::chrono::steady_clock::now();
    auto event = std::make_shared<domain::Event>();
    event->id = ids_.next<EventId>();
    event->tenant = TenantKey{1};
    event->topic = "document.created";
    event->accepted_at = event->time = clock_.schedule_now();
    event->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    event->payload = payload_;
    const SubscriptionId subscription = subscriptions_[static_cast<std::size_t>(started_ % options_.subscriptions)];
    const DeliveryId delivery = ids_.next<DeliveryId>();
    ++started_;
    NewEvent write{.event = event, .deliveries = {{delivery, subscription}}, .matched = 1, .idempotency = {}};
    AcceptEvents operation;
    operation.events.push_back(std::move(write));
    accepting_->accept_events(std::move(operation), [this, event, delivery, subscription, begun](auto) {
      record_loop_.post([this, event, delivery, subscription, begun] { record(event, delivery, subscription.key, begun); });
    });
  }

  void record(const domain::EventPtr& event, DeliveryId delivery, SubscriptionKey subscription,
              std::chrono::steady_clock::time_point begun) {
    RecordAttempt write;
    write.lease = leases_[domain::shard_of(subscription)];
    write.delivery = delivery;
    write.subscription = subscription;
    write.event = event;
    write.attempt.number = 1;
    write.attempt.started_at = write.at = clock_.schedule_now();
    write.attempt.duration = std::chrono::microseconds(700);
    write.attempt.status = 200;
    write.attempt.response = "ok";
    write.state = domain::DeliveryState::succeeded;
    recording_->record_attempt(std::make_shared<RecordAttempt>(std::move(write)), [this, begun](auto result) {
      if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
      ++recorded_;
      accept_loop_.post([this, begun] { finish(begun); });
    });
  }

  void finish(std::chrono::steady_clock::time_point begun) {
    const auto now = std::chrono::steady_clock::now();
    ++finished_;
    if (latencies_.size() < 1'000'000) latencies_.push_back(std::chrono::duration<double, std::milli>(now - begun).count());
    if (finished_ % std::max<std::int64_t>(options_.deliveries / 10, 1) == 0) {
      const double seconds = std::chrono::duration<double>(now - tenth_start_).count();
      const double cpu = cpu_seconds();
      const double count = static_cast<double>(options_.deliveries) / 10;
      tenths_.push_back({count / seconds, (cpu - tenth_cpu_) * 1e6 / count});
      tenth_start_ = now;
      tenth_cpu_ = cpu;
    }
    if (options_.per_second == 0) accept_one();
  }

  const Options& options_;
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  conformance::TestLoop accept_loop_;
  conformance::TestLoop record_loop_;
  std::unique_ptr<Session> accepting_;
  std::unique_ptr<Session> recording_;
  std::vector<SubscriptionId> subscriptions_;
  std::vector<Lease> leases_;
  std::string payload_;
  std::int64_t started_ = 0;
  std::atomic<std::int64_t> recorded_{0};
  std::int64_t finished_ = 0;
  std::vector<double> latencies_;
  std::vector<Tenth> tenths_;
  double tenth_cpu_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point tenth_start_;
};

int measure(const Options& options) {
  std::filesystem::remove_all(options.dir);
  const SystemClock clock;
  sqlite::SqliteOptions open;
  open.data_dir = options.dir;
  open.page_bytes = options.page;
  open.checkpoint_bytes = options.checkpoint;
  open.writer_cache_kib = options.cache;
  auto store = sqlite::open_sqlite(open, clock);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  Run run(options, **store);
  run.go();
  run.print((*store)->measures());
  (*store)->stop();
  std::filesystem::remove_all(options.dir);
  return 0;
}

}  // namespace
}  // namespace posthorn::store

int main(int argc, char** argv) { return posthorn::store::measure(posthorn::store::parse(argc, argv)); }
