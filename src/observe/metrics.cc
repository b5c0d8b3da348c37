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

struct Gauge {
  std::string name;
  std::string help;
  std::function<double()> read;
};

prometheus::MetricFamily sample(const Gauge& gauge) {
  prometheus::ClientMetric metric;
  metric.gauge.value = gauge.read();
  return {gauge.name, gauge.help, prometheus::MetricType::Gauge, {metric}};
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>* failures = nullptr;
  std::mutex mutex;  // guards what follows
  std::map<std::string, Counter, std::less<>> failures_by_kind;
  std::vector<Gauge> gauges;

  prometheus::Counter* counter(const char* name, const char* help) {
    return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
  }
  prometheus::Histogram* histogram(const char* name, const char* help) {
    return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, second_buckets());
  }
};

void Counter::add(double by) { counter_->Increment(by); }

void Histogram::observe_seconds(double seconds) { histogram_->Observe(seconds); }

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  events_accepted.counter_ = impl_->counter("posthorn_events_accepted_total", "Events made durable.");
  events_refused.counter_ = impl_->counter("posthorn_events_refused_total", "Events that were not accepted.");
  deliveries_created.counter_ = impl_->counter("posthorn_deliveries_created_total", "Deliveries made from events.");
  deliveries_succeeded.counter_ = impl_->counter("posthorn_deliveries_succeeded_total", "Deliveries answered with 2xx.");
  deliveries_exhausted.counter_ =
      impl_->counter("posthorn_deliveries_exhausted_total", "Deliveries given up after their last attempt.");
  attempts_made.counter_ = impl_->counter("posthorn_attempts_total", "HTTP exchanges of deliveries.");
  impl_->failures = &prometheus::BuildCounter()
                         .Name("posthorn_attempts_failed_total")
                         .Help("Attempts that failed, by kind of failure.")
                         .Register(impl_->registry);
  publish_seconds.histogram_ = impl_->histogram("posthorn_publish_seconds", "From a publish request to its answer.");
  delivery_seconds.histogram_ =
      impl_->histogram("posthorn_delivery_seconds", "From an event's acceptance to the first success of a delivery.");
  attempt_seconds.histogram_ = impl_->histogram("posthorn_attempt_seconds", "Duration of an attempt.");
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
  POSTHORN_CHECK(prometheus::CheckMetricName(std::string(name)) && name.starts_with("posthorn_"));
  const std::lock_guard lock(impl_->mutex);
  for (const auto& gauge : impl_->gauges) POSTHORN_CHECK(gauge.name != name);
  impl_->gauges.push_back({std::string(name), std::string(help), std::move(read)});
}

std::string Metrics::scrape() {
  auto families = impl_->registry.Collect();
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& gauge : impl_->gauges) families.push_back(sample(gauge));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace posthorn::observe
