// Metrics: prometheus-cpp behind a small face. All metrics of the server are members here, made once by app.
// Increments are lock-free and may come from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace posthorn::observe {

class Counter {
 public:
  void add(double by = 1);

 private:
  friend class Metrics;
  void* counter_ = nullptr;
};

class Histogram {
 public:
  void observe_seconds(double seconds);

 private:
  friend class Metrics;
  void* histogram_ = nullptr;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter events_accepted;
  Counter events_refused;
  Counter deliveries_created;
  Counter deliveries_succeeded;
  Counter deliveries_exhausted;
  // Attempts that failed, by the failure kind's word.
  Counter& attempts_failed(std::string_view kind);
  Counter attempts_made;
  Histogram publish_seconds;   // request to answer
  Histogram delivery_seconds;  // accepted to first success
  Histogram attempt_seconds;

  // A value that is read when somebody scrapes. `read` must be thread-safe.
  void gauge(std::string_view name, std::string_view help, std::function<double()> read);

  // Prometheus text format 0.0.4.
  std::string scrape();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::observe
