#include "observe/metrics.h"

#include <prometheus/check_names.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <vector>

#include "base/check.h"

namespace posthorn::observe {
namespace {

// From 0.25 ms (a local endpoint) to 60 s (the longest attempt), about three a decade.
prometheus::Histogram::BucketBoundaries second_buckets() {
  return {0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

// A transaction holds one write when few publish, thousands when many do.
prometheus::Histogram::BucketBoundaries count_buckets() { return {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000}; }

// Read when somebody scrapes.
struct Reading {
  prometheus::MetricType type;
  std::string name;
  std::string help;
  std::function<double()> read;
};

prometheus::MetricFamily sample(const Reading& reading) {
  prometheus::ClientMetric metric;
  (reading.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = reading.read();
  return {reading.name, reading.help, reading.type, {metric}};
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>* failures = nullptr;
  std::mutex mutex;  // guards what follows
  std::map<std::string, Counter, std::less<>> failures_by_kind;
  std::vector<Reading> readings;

  prometheus::Counter* counter(const char* name, const char* help) {
    return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
  }
  prometheus::Histogram* histogram(const char* name, const char* help,
                                   const prometheus::Histogram::BucketBoundaries& buckets = second_buckets()) {
    return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
  }
};

void Counter::add(double by) { counter_->Increment(by); }

void Histogram::observe(double value) { histogram_->Observe(value); }

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  events_accepted.counter_ = impl_->counter("posthorn_events_accepted_total", "Events made durable.");
  events_refused.counter_ = impl_->counter("posthorn_events_refused_total", "Events that were not accepted.");
  deliveries_created.counter_ = impl_->counter("posthorn_deliveries_created_total", "Deliveries made from events.");
  deliveries_succeeded.counter_ = impl_->counter("posthorn_deliveries_succeeded_total", "Deliveries answered with 2xx.");
  deliveries_exhausted.counter_ =
      impl_->counter("posthorn_deliveries_exhausted_total", "Deliveries given up after their last attempt.");
  deliveries_cancelled.counter_ =
      impl_->counter("posthorn_deliveries_cancelled_total", "Deliveries called off by hand or with their subscription.");
  attempts_made.counter_ = impl_->counter("posthorn_attempts_total", "HTTP exchanges of deliveries.");
  impl_->failures = &prometheus::BuildCounter()
                         .Name("posthorn_attempts_failed_total")
                         .Help("Attempts that failed, by kind of failure.")
                         .Register(impl_->registry);
  publish_seconds.histogram_ = impl_->histogram("posthorn_publish_seconds", "From a publish request to its answer.");
  delivery_seconds.histogram_ =
      impl_->histogram("posthorn_delivery_seconds", "From an event's acceptance to the first success of a delivery.");
  attempt_seconds.histogram_ = impl_->histogram("posthorn_attempt_seconds", "Duration of an attempt.");
  commit_seconds.histogram_ = impl_->histogram("posthorn_store_commit_seconds", "Duration of a commit, with its fsync.");
  commit_writes.histogram_ = impl_->histogram("posthorn_store_commit_writes", "Writes in a transaction.", count_buckets());
  loop_lag_seconds.histogram_ = impl_->histogram("posthorn_loop_lag_seconds", "How late a loop ran what was due.");
}

Metrics::~Metrics() = default;

Counter& Metrics::attempts_failed(std::string_view kind) {
  const std::lock_guard lock(impl_->mutex);
  auto& counters = impl_->failures_by_kind;
  const auto known = counters.find(kind);
  if (known != counters.end()) return known->second;
  const std::string word(counters.size() < kFailureKindsMax ? kind : "other");
  auto& counter = counters[word];
  if (counter.counter_ == nullptr) counter.counter_ = &impl_->failures->Add({{"kind", word}});
  return counter;
}

void Metrics::gauge(std::string_view name, std::string_view help, std::function<double()> read) {
  add_reading(Kind::gauge, name, help, std::move(read));
}

void Metrics::counter(std::string_view name, std::string_view help, std::function<double()> read) {
  add_reading(Kind::counter, name, help, std::move(read));
}

void Metrics::add_reading(Kind kind, std::string_view name, std::string_view help, std::function<double()> read) {
  POSTHORN_CHECK(prometheus::CheckMetricName(std::string(name)) && name.starts_with("posthorn_"));
  const std::lock_guard lock(impl_->mutex);
  for (const auto& reading : impl_->readings) POSTHORN_CHECK(reading.name != name);
  const auto type = kind == Kind::counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  impl_->readings.push_back({type, std::string(name), std::string(help), std::move(read)});
}

std::string Metrics::scrape() {
  auto families = impl_->registry.Collect();
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& reading : impl_->readings) families.push_back(sample(reading));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace posthorn::observe
