// What a running server measures of itself: the gauges and counters that are read when somebody asks, and the watches.
#include <algorithm>
#include <chrono>

#include "app/wiring.h"
#include "domain/outbound/attempt.h"

namespace posthorn::app {
namespace {

constexpr auto kPendingWatchTime = 15s;
constexpr auto kLagWatchTime = 100ms;  // as often as a loop measures it

}  // namespace

void Server::register_metrics() {
  const auto sum = [this](std::size_t (outbound::LaneSet::*read)() const) {
    std::size_t total = 0;
    for (const auto& node : out_nodes_) total += (*node->lanes.*read)();
    return static_cast<double>(total);
  };
  metrics_.gauge("posthorn_lanes", "Lanes in memory", [=] { return sum(&outbound::LaneSet::lanes); });
  metrics_.gauge("posthorn_lane_depth", "Deliveries in the lanes' memory", [=] { return sum(&outbound::LaneSet::in_memory); });
  metrics_.gauge("posthorn_attempts_in_flight", "Attempts that wait for an answer",
                 [=] { return sum(&outbound::LaneSet::in_flight); });
  metrics_.gauge("posthorn_endpoints_failing", "Subscriptions whose endpoint fails: every attempt since some time",
                 [=] { return sum(&outbound::LaneSet::failing); });
  metrics_.gauge("posthorn_runnable_deliveries", "Deliveries that could run now but wait",
                 [this] { return static_cast<double>(lane_shared_.gate.runnable()); });
  metrics_.gauge("posthorn_pending_deliveries", "Deliveries that are neither delivered nor given up (counted every 15 s)",
                 [this] { return static_cast<double>(pending_count_.load()); });
  metrics_.gauge("posthorn_oldest_pending_age_seconds", "Age of the oldest pending delivery's event", [this] {
    const auto oldest = oldest_pending_ms_.load();
    if (oldest == 0) return 0.0;
    return std::max(0.0, std::chrono::duration<double>(clock_.schedule_now() - Timestamp(Milliseconds(oldest))).count());
  });
  metrics_.gauge("posthorn_retention_behind_seconds", "How long retention has had more to remove than it came to", [this] {
    const auto since = out_nodes_.front()->upkeep->behind_since();
    return since ? std::chrono::duration<double>(clock_.schedule_now() - *since).count() : 0.0;
  });
  metrics_.gauge("posthorn_fanout_bytes", "Memory of events whose deliveries are not all made yet",
                 [this] { return static_cast<double>(lane_shared_.fanout_room.taken()); });
  const auto measure = [this](std::string_view name, std::string_view help, double (*read)(const store::Measures&)) {
    metrics_.gauge(name, help, [this, read] { return read(store_->measures()); });
  };
  metrics_.counter("posthorn_store_transactions", "Transactions committed since the start",
                   [this] { return double(store_->measures().transactions); });
  metrics_.counter("posthorn_store_operations", "Writes committed since the start",
                   [this] { return double(store_->measures().operations); });
  measure("posthorn_store_queued", "Writes that wait for the writer", [](const auto& m) { return double(m.queued); });
  measure("posthorn_store_wal_bytes", "Size of the write-ahead log", [](const auto& m) { return double(m.wal_bytes); });
  measure("posthorn_store_data_bytes", "Size of the database file", [](const auto& m) { return double(m.data_bytes); });
  register_script_metrics();
  // Every kind from the start, so that a first failure is seen to grow from 0.
  for (std::uint8_t i = 1; i < observe::Metrics::kFailureKindsMax; ++i) {
    const auto kind = static_cast<domain::FailureKind>(i);
    if (domain::parse_failure_kind(domain::to_text(kind)) == kind) metrics_.attempts_failed(domain::to_text(kind));
  }
  for (const auto& node : in_nodes_) watch_lag(node->loop, node->lag_alarm);
  for (const auto& node : out_nodes_) watch_lag(node->loop, node->lag_alarm);
}

void Server::register_script_metrics() {
  const auto measures = [this] { return scripts_->measures(); };
  metrics_.gauge("posthorn_script_helpers", "Processes that run scripts now", [=] { return double(measures().helpers); });
  metrics_.counter("posthorn_script_helpers_started", "Such processes started since the start",
                   [=] { return double(measures().helpers_started); });
  metrics_.gauge("posthorn_scripts_waiting", "Scripts that wait for a free helper", [=] { return double(measures().waiting); });
  metrics_.counter("posthorn_script_runs", "Scripts run since the start", [=] { return double(measures().runs); });
  metrics_.counter("posthorn_script_failures", "Of these: without a result", [=] { return double(measures().failures); });
}

// The loop measures how late it is; each measurement is counted about once.
void Server::watch_lag(net::Loop& loop, std::unique_ptr<Alarm>& alarm) {
  net::run_on(loop, [&]() -> net::Task<> {
    alarm = loop.make_alarm([this, &loop, &alarm] {
      metrics_.loop_lag_seconds.observe_seconds(std::chrono::duration<double>(loop.lag()).count());
      alarm->set(clock_.steady_now() + kLagWatchTime);
    });
    alarm->set(clock_.steady_now() + kLagWatchTime);
    co_return;
  });
}

void Server::watch_pending() {
  out_nodes_.front()->session->count_pending([this](Result<store::PendingCount> count) {
    if (count) {
      pending_count_ = count->pending;
      oldest_pending_ms_ = count->oldest ? count->oldest->time_since_epoch().count() : 0;
    }
    if (pending_alarm_) pending_alarm_->set(clock_.steady_now() + kPendingWatchTime);
  });
}

}  // namespace posthorn::app
