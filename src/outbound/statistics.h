// Statistics: counts what happens on one loop, and adds it to the store's counters once a second.
//
// Why not with each event: an event or attempt would then cost the writer a row more for each series that it belongs to (a
// fifth and more of all it writes with many subscriptions); gathered, a second of any load costs a few rows for each series
// that was active. So what a killed process had counted in its last second is missing from the counters (not from the
// deliveries). Place: one a loop. Work sinks, LaneSet's outcomes and Polling count here, after the commit of what they count.
// Lifecycle: stop() writes what is left. Concurrency: belongs to its loop.
// Limits: kStatisticsSeriesMax series gathered; then they are written at once. While the store takes none, further new series
// are
//   not counted.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "domain/outbound/delivery.h"
#include "store/store.h"

namespace posthorn::outbound {

class Statistics {
 public:
  Statistics(EventLoop& loop, store::Session& session, const Clock& clock);

  void accepted(TenantKey tenant, const std::string& topic);
  void attempted(TenantKey tenant, SubscriptionKey subscription, const std::string& topic, domain::FailureKind failure);
  void delivered(TenantKey tenant, SubscriptionKey subscription, const std::string& topic, Timestamp accepted_at);
  void exhausted(TenantKey tenant, SubscriptionKey subscription, const std::string& topic);
  // An attempt and what became of its delivery.
  void outcome(const domain::PendingDelivery& work, const store::RecordAttempt& attempt, domain::DeliveryState state);

  // Hands over what is gathered; `done` when the store has it or refused it for good.
  void stop(UniqueFunction<void()> done);

 private:
  struct HashSeries {
    std::size_t operator()(const domain::Series& series) const noexcept;
  };
  using Gathered = std::unordered_map<domain::Series, domain::Counters, HashSeries>;

  domain::Counters* of(TenantKey tenant, SubscriptionKey subscription, const std::string& topic);
  void arm();
  void flush();
  void write_next();
  void written(store::AddStatistics write, const Status& result);

  store::Session& session_;
  const Clock& clock_;
  Gathered gathered_;                            // the finest series
  std::vector<store::AddStatistics::Row> rows_;  // on their way to the store
  bool writing_ = false;
  bool armed_ = false;
  bool waiting_ = false;  // the store could not take rows_: again at the next alarm
  bool stopping_ = false;
  UniqueFunction<void()> stopped_;
  std::unique_ptr<Alarm> alarm_;
};

// What the finest series add to: those of the tenant, of its topics, of its subscriptions, and themselves. Each series once.
std::vector<store::AddStatistics::Row> roll_up(std::vector<store::AddStatistics::Row> finest);

}  // namespace posthorn::outbound
