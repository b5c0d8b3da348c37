#include "store/sqlite/statistics_log.h"

#include "base/limits.h"

namespace posthorn::store::sqlite {

using domain::CountedSeries;
using domain::Counters;
using domain::Series;

Counters* StatisticsLog::of(TenantKey tenant, SubscriptionKey subscription, std::string_view topic, Timestamp at) {
  // Nothing of an erased tenant may come back, not even its topics' names.
  if (known_.is_deleted(tenant)) return nullptr;
  const SeriesView view{tenant, subscription, topic, domain::hour_of(at)};
  if (const auto found = gathered_.find(view); found != gathered_.end()) return &found->second;
  return &gathered_[Series{tenant, subscription, std::string(topic), view.hour}];
}

void StatisticsLog::accepted(const domain::Event& event) {
  if (Counters* counters = of(event.tenant, {}, event.topic, event.accepted_at)) counters->add(Counters::accepted);
}

void StatisticsLog::attempted(const domain::Event& event, SubscriptionKey subscription, domain::FailureKind failure,
                              domain::DeliveryState became, Timestamp at) {
  Counters* counters = of(event.tenant, subscription, event.topic, at);
  if (counters == nullptr) return;
  counters->add(Counters::attempts);
  if (failure != domain::FailureKind::none) counters->add_failure(failure);
  if (became == domain::DeliveryState::exhausted) counters->add(Counters::exhausted);
  if (became != domain::DeliveryState::succeeded) return;
  counters->add(Counters::delivered);
  counters->add_latency(at - event.accepted_at);
}

void StatisticsLog::delivered(TenantKey tenant, SubscriptionKey subscription, std::string_view topic, Timestamp accepted_at,
                              Timestamp at) {
  Counters* counters = of(tenant, subscription, topic, at);
  if (counters == nullptr) return;
  counters->add(Counters::delivered);
  counters->add_latency(at - accepted_at);
}

void StatisticsLog::write() {
  if (gathered_.empty()) return;
  std::string counted;
  for (const auto& [series, counters] : gathered_) domain::append_counted(counted, series, counters);
  log_bytes_ = log_bytes() + static_cast<std::int64_t>(counted.size());
  append_.run(as_blob(counted));
  gathered_.clear();
  if (log_bytes_ > static_cast<std::int64_t>(kStatisticsLogBytesMax)) fold();
}

void StatisticsLog::forget() {
  gathered_.clear();
  log_bytes_.reset();
}

std::int64_t StatisticsLog::log_bytes() {
  if (!log_bytes_) {
    Cursor row = log_bytes_of_.open();
    log_bytes_ = row.next() ? row.integer(0) : 0;
  }
  return *log_bytes_;
}

bool StatisticsLog::fold() {
  if (log_bytes() == 0) return false;
  CountedSeries finest;
  std::int64_t last = 0;
  bool more = false;
  {
    Cursor row = log_.open();
    while (row.next()) {
      more = finest.size() >= kStatisticsFoldMax;
      if (more) break;
      last = row.integer(0);
      std::string_view text = row.bytes(1);
      while (auto counted = domain::take_counted(text)) {
        if (!known_.is_deleted(counted->first.tenant)) finest[std::move(counted->first)].add(counted->second);
      }
    }
  }
  for (const auto& [series, counters] : domain::roll_up(finest)) add(series, counters);
  drop_.run(last);
  log_bytes_.reset();
  if (!more) log_bytes_ = 0;
  return more;
}

void StatisticsLog::add(const Series& series, const Counters& counters) {
  Counters sum = counters;
  if (Cursor row = find_.open(series.tenant, series.subscription, series.topic, series.hour); row.next()) {
    sum.add(Counters::decode(row.bytes(0)));
  }
  const std::string text = sum.encode();
  save_.run(series.tenant, series.subscription, series.topic, series.hour, as_blob(text));
}

}  // namespace posthorn::store::sqlite
