#include "outbound/statistics.h"

#include <functional>
#include <utility>

#include "base/limits.h"

namespace posthorn::outbound {
namespace {

using domain::Counters;
using domain::Series;
using Row = store::AddStatistics::Row;

}  // namespace

std::size_t Statistics::HashSeries::operator()(const Series& series) const noexcept {
  const std::size_t keys = std::hash<TenantKey>()(series.tenant) ^ (std::hash<SubscriptionKey>()(series.subscription) << 1);
  return keys ^ (std::hash<std::string>()(series.topic) << 2) ^ static_cast<std::size_t>(series.hour);
}

Statistics::Statistics(EventLoop& loop, store::Session& session, const Clock& clock)
    : session_(session), clock_(clock), alarm_(loop.make_alarm([this] {
        armed_ = false;
        if (!std::exchange(waiting_, false)) return flush();
        write_next();
      })) {}

Counters* Statistics::of(TenantKey tenant, SubscriptionKey subscription, const std::string& topic) {
  if (stopping_) return nullptr;
  Series series{tenant, subscription, topic, domain::hour_of(clock_.schedule_now())};
  if (gathered_.size() >= kStatisticsSeriesMax && !gathered_.contains(series)) {
    flush();
    if (gathered_.size() >= kStatisticsSeriesMax) return nullptr;
  }
  arm();
  return &gathered_[std::move(series)];
}

void Statistics::accepted(TenantKey tenant, const std::string& topic) {
  if (Counters* counters = of(tenant, {}, topic)) counters->add(Counters::accepted);
}

void Statistics::attempted(TenantKey tenant, SubscriptionKey subscription, const std::string& topic,
                           domain::FailureKind failure) {
  Counters* counters = of(tenant, subscription, topic);
  if (counters == nullptr) return;
  counters->add(Counters::attempts);
  if (failure != domain::FailureKind::none) counters->add_failure(failure);
}

void Statistics::delivered(TenantKey tenant, SubscriptionKey subscription, const std::string& topic, Timestamp accepted_at) {
  Counters* counters = of(tenant, subscription, topic);
  if (counters == nullptr) return;
  counters->add(Counters::delivered);
  counters->add_latency(clock_.schedule_now() - accepted_at);
}

void Statistics::exhausted(TenantKey tenant, SubscriptionKey subscription, const std::string& topic) {
  if (Counters* counters = of(tenant, subscription, topic)) counters->add(Counters::exhausted);
}

void Statistics::outcome(const domain::PendingDelivery& work, const store::RecordAttempt& attempt,
                         domain::DeliveryState state) {
  const auto& event = *work.event;
  attempted(event.tenant, attempt.subscription, event.topic, attempt.attempt.failure);
  if (state == domain::DeliveryState::succeeded) {
    delivered(event.tenant, attempt.subscription, event.topic, event.accepted_at);
  }
  if (state == domain::DeliveryState::exhausted) exhausted(event.tenant, attempt.subscription, event.topic);
}

void Statistics::arm() {
  if (armed_ || writing_) return;
  armed_ = true;
  alarm_->set(clock_.steady_now() + kStatisticsFlushTime);
}

void Statistics::flush() {
  if (writing_ || gathered_.empty()) return;
  std::vector<Row> finest;
  finest.reserve(gathered_.size());
  for (auto& [series, counters] : gathered_) finest.push_back({series, std::move(counters)});
  gathered_.clear();
  rows_ = roll_up(std::move(finest));
  writing_ = true;
  write_next();
}

void Statistics::write_next() {
  store::AddStatistics write;
  while (!rows_.empty() && write.rows.size() < kStatisticsStepMax) {
    write.rows.push_back(std::move(rows_.back()));
    rows_.pop_back();
  }
  auto copy = write;
  session_.add_statistics(std::move(write),
                          [this, copy = std::move(copy)](const Status& result) mutable { written(std::move(copy), result); });
}

void Statistics::written(store::AddStatistics write, const Status& result) {
  if (!result && result.error().kind == ErrorKind::unavailable && !stopping_) {
    for (auto& row : write.rows) rows_.push_back(std::move(row));
    waiting_ = true;
    alarm_->set(clock_.steady_now() + kStatisticsFlushTime);
    return;
  }
  if (!rows_.empty()) return write_next();
  writing_ = false;
  if (!gathered_.empty()) return stopping_ ? flush() : arm();
  if (stopped_) std::exchange(stopped_, nullptr)();
}

void Statistics::stop(UniqueFunction<void()> done) {
  stopped_ = std::move(done);
  alarm_->clear();
  stopping_ = true;
  std::exchange(waiting_, false) ? write_next() : flush();
  if (!writing_ && stopped_) std::exchange(stopped_, nullptr)();
}

std::vector<Row> roll_up(std::vector<Row> finest) {
  std::unordered_map<std::string, std::size_t> places;
  std::vector<Row> rows;
  const auto add = [&](Series series, const Counters& counters) {
    std::string name = std::to_string(series.tenant.value) + ' ' + std::to_string(series.subscription.value) + ' ' +
                       std::to_string(series.hour) + ' ' + series.topic;
    const auto [place, is_new] = places.try_emplace(std::move(name), rows.size());
    if (is_new) rows.push_back({std::move(series), {}});
    rows[place->second].counters.add(counters);
  };
  for (const auto& [series, counters] : finest) {
    add({series.tenant, {}, {}, series.hour}, counters);
    add({series.tenant, {}, series.topic, series.hour}, counters);
    if (!series.subscription) continue;
    add({series.tenant, series.subscription, {}, series.hour}, counters);
    add(series, counters);
  }
  return rows;
}

}  // namespace posthorn::outbound
