// Metrics: prometheus-cpp behind a small face. All metrics of the server are members here, made once by app.
// Adding to a counter is lock-free, a few nanoseconds; a histogram takes an uncontended mutex for a few tens. Any thread may do
// both.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

namespace posthorn::observe {

class Counter {
 public:
  void add(double by = 1);

 private:
  friend class Metrics;
  prometheus::Counter* counter_ = nullptr;
};

class Histogram {
 public:
  void observe_seconds(double seconds) { observe(seconds); }
  void observe(double value);

 private:
  friend class Metrics;
  prometheus::Histogram* histogram_ = nullptr;
};

class Metrics {
 public:
  static constexpr std::size_t kFailureKindsMax = 64;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter events_accepted;
  Counter events_refused;
  Counter deliveries_created;
  Counter deliveries_succeeded;
  Counter deliveries_exhausted;
  Counter deliveries_cancelled;
  // Attempts that failed, by the failure kind's word. The reference stays valid. At most kFailureKindsMax words have a counter
  // of their own; others count as "other".
  // A kind stands in the scrape from when it was first asked for.
  Counter& attempts_failed(std::string_view kind);
  Counter attempts_made;
  Histogram publish_seconds;   // request to answer
  Histogram delivery_seconds;  // accepted to first success
  Histogram attempt_seconds;
  Histogram commit_seconds;    // the store's transactions
  Histogram commit_writes;     // writes in a transaction
  Histogram loop_lag_seconds;  // how late a loop ran what was due

  // A value that is read when somebody scrapes, under a name of its own ("posthorn_…"). `read` must be thread-safe, must not
  // call back, and must live as long as this.
  void gauge(std::string_view name, std::string_view help, std::function<double()> read);
  // The same for a value that only grows, and begins at 0 with the process.
  void counter(std::string_view name, std::string_view help, std::function<double()> read);

  // Prometheus text format 0.0.4.
  std::string scrape();

 private:
  struct Impl;
  enum class Kind { gauge, counter };
  void add_reading(Kind kind, std::string_view name, std::string_view help, std::function<double()> read);

  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::observe
