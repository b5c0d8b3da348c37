// StatisticsLog: counts what a transaction writes, and keeps the counts with it.
//
// Why not a row for each delivery: with many subscriptions every delivery would change two rows more, beside the four that it
// costs anyway. So a transaction's counts are gathered in memory and written as ONE row of the log (`statistics_log`) just
// before its commit: exact over any crash, and about free. The log is folded into the rows that are read (`statistics`, one for
// each series and hour) before they are read, with each step of retention, and when it has grown to kStatisticsLogBytesMax;
// however often a series was counted in the log, its rows are then changed once.
//
// Place: EventWrites, DeliveryWrites and PollWrites count here; Writer calls write() before each commit, and forget() after a
// rollback. Concurrency: the writer's.
// Limits: a fold takes whole rows of the log until it has kStatisticsFoldMax series.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "domain/outbound/delivery.h"
#include "domain/outbound/statistics.h"
#include "store/sqlite/database.h"
#include "store/sqlite/known.h"

namespace posthorn::store::sqlite {

// For the map: a series is found by its parts, without making one.
struct SeriesView {
  TenantKey tenant;
  SubscriptionKey subscription;
  std::string_view topic;
  std::int64_t hour = 0;

  friend bool operator==(const SeriesView&, const SeriesView&) = default;
};
inline SeriesView view_of(const SeriesView& view) { return view; }
inline SeriesView view_of(const domain::Series& series) {
  return {series.tenant, series.subscription, series.topic, series.hour};
}
struct HashSeries {
  using is_transparent = void;
  std::size_t operator()(const auto& series) const noexcept {
    const SeriesView view = view_of(series);
    const std::size_t keys = std::hash<TenantKey>()(view.tenant) ^ (std::hash<SubscriptionKey>()(view.subscription) << 1);
    return keys ^ (std::hash<std::string_view>()(view.topic) << 2) ^ static_cast<std::size_t>(view.hour);
  }
};
struct EqualSeries {
  using is_transparent = void;
  bool operator()(const auto& one, const auto& other) const noexcept { return view_of(one) == view_of(other); }
};

class StatisticsLog {
 public:
  StatisticsLog(Connection& connection, Known& known) : connection_(connection), known_(known) {}

  void accepted(const domain::Event& event);
  // `became`: what the attempt made of its delivery; pending when it changed nothing.
  void attempted(const domain::Event& event, SubscriptionKey subscription, domain::FailureKind failure,
                 domain::DeliveryState became, Timestamp at);
  void delivered(TenantKey tenant, SubscriptionKey subscription, std::string_view topic, Timestamp accepted_at, Timestamp at);

  // --- the transaction ---
  void write();
  void forget();
  // What is counted so far, to go back to when a write beside others fails alone.
  using Gathered = std::unordered_map<domain::Series, domain::Counters, HashSeries, EqualSeries>;
  const Gathered& gathered() const { return gathered_; }
  void go_back_to(Gathered gathered) { gathered_ = std::move(gathered); }

  // Adds what stands in the log to the rows, one bounded step; whether more is left. Deleted tenants' counts are dropped.
  bool fold();

 private:
  domain::Counters* of(TenantKey tenant, SubscriptionKey subscription, std::string_view topic, Timestamp at);
  std::int64_t log_bytes();
  void add(const domain::Series& series, const domain::Counters& counters);

  Connection& connection_;
  Known& known_;
  Gathered gathered_;                      // of this transaction: the finest series
  std::optional<std::int64_t> log_bytes_;  // not known after a start or a rollback

  Statement append_{connection_, "INSERT INTO statistics_log(counted) VALUES(?1)"};
  Statement log_{connection_, "SELECT seq, counted FROM statistics_log ORDER BY seq"};
  Statement log_bytes_of_{connection_, "SELECT coalesce(sum(length(counted)), 0) FROM statistics_log"};
  Statement drop_{connection_, "DELETE FROM statistics_log WHERE seq <= ?1"};
  Statement find_{connection_,
                  "SELECT counters FROM statistics WHERE tenant = ?1 AND subscription = ?2 AND topic = ?3 AND hour = ?4"};
  Statement save_{connection_,
                  "INSERT INTO statistics(tenant, subscription, topic, hour, counters) VALUES(?1, ?2, ?3, ?4, ?5) "
                  "ON CONFLICT DO UPDATE SET counters = excluded.counters"};
};

}  // namespace posthorn::store::sqlite
