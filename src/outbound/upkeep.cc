#include "outbound/upkeep.h"

#include <algorithm>

#include "base/limits.h"
#include "observe/log.h"

namespace posthorn::outbound {
namespace {

constexpr auto kRenewTime = kLeaseTime / 3;
constexpr auto kExpireTime = 60s;  // between rounds that found nothing more

}  // namespace

// A step that had to wait behind others took long, too.
ExpiryPace next_pace(const ExpiryPace& before, SteadyTime::duration took, std::uint64_t waiting) {
  std::uint32_t rows = before.rows;
  if (took > kExpiryStepTime) {
    rows = std::max(rows / 2, kExpiryStepMin);
  } else if (took <= kExpiryStepTime / 2) {
    rows = std::min(rows * 2, kExpiryStepMax);
  }
  return {rows, waiting == 0 ? Milliseconds(0) : Milliseconds(kExpiryStepPause)};
}

Upkeep::Upkeep(EventLoop& loop, store::Session& session, const Clock& clock, std::string node, RetentionPeriods periods)
    : session_(session),
      clock_(clock),
      node_(std::move(node)),
      periods_(periods),
      renew_alarm_(loop.make_alarm([this] { renew(); })),
      expire_alarm_(loop.make_alarm([this] { expire(); })) {}

void Upkeep::start(UniqueFunction<void(Result<std::vector<store::Lease>>)> done) {
  const Timestamp now = clock_.schedule_now();
  session_.claim_shards({node_, now, now + kLeaseTime},
                        [this, done = std::move(done)](Result<std::vector<store::Lease>> leases) mutable {
                          if (leases) {
                            leases_ = *leases;
                            renew_alarm_->set(clock_.steady_now() + kRenewTime);
                            expire_alarm_->set(clock_.steady_now() + kExpireTime);
                          }
                          done(std::move(leases));
                        });
}

void Upkeep::stop() {
  stopped_ = true;
  renew_alarm_->clear();
  expire_alarm_->clear();
}

void Upkeep::renew() {
  const Timestamp now = clock_.schedule_now();
  session_.renew_shards({node_, leases_, now, now + kLeaseTime}, [this](Result<std::vector<store::Lease>> held) {
    if (held && held->size() < leases_.size()) {
      observe::log(observe::Level::error, "shards were taken over by another node", {{"lost", leases_.size() - held->size()}});
      leases_ = std::move(*held);
    }
    if (!stopped_) renew_alarm_->set(clock_.steady_now() + kRenewTime);
  });
}

void Upkeep::expire() {
  if (!tenants_.empty()) return expire_tenants();
  const Timestamp now = clock_.schedule_now();
  store::Expire write;
  write.payloads_before = now - periods_.payloads;
  write.attempts_before = now - periods_.attempts;
  write.deliveries_before = now - periods_.deliveries;
  write.idempotency_before = now - periods_.idempotency;
  write.statistics_before = now - periods_.statistics;
  write.limit = pace_.rows;
  session_.expire(write, [this, started = clock_.steady_now()](Result<store::Expired> expired) {
    if (stopped_) return;
    if (expired && expired->more) return next_step(started);
    if (tenants_source_) tenants_ = tenants_source_();
    expire_tenants();
  });
}

void Upkeep::next_step(SteadyTime started) {
  const SteadyTime now = clock_.steady_now();
  if (behind_since_ms_ == 0) behind_since_ms_ = clock_.schedule_now().time_since_epoch().count();
  pace_ = next_pace(pace_, now - started, waiting_source_ ? waiting_source_() : 1);
  expire_alarm_->set(now + pace_.pause);
}

void Upkeep::note_done() {
  behind_since_ms_ = 0;
  expire_alarm_->set(clock_.steady_now() + kExpireTime);
}

std::optional<Timestamp> Upkeep::behind_since() const {
  const std::int64_t since = behind_since_ms_;
  return since == 0 ? std::nullopt : std::optional(Timestamp(Milliseconds(since)));
}

// One step of the tenant whose turn it is; the next step after a pause, the next round when none is left.
void Upkeep::expire_tenants() {
  if (tenants_.empty()) return note_done();
  const TenantPeriods& tenant = tenants_.back();
  const Timestamp now = clock_.schedule_now();
  const auto before = [now](const std::optional<std::chrono::hours>& own, std::chrono::hours servers) {
    return now - (own ? std::min(*own, servers) : servers);
  };
  store::ExpireTenant write;
  write.tenant = tenant.tenant;
  write.payloads_before = before(tenant.payloads, periods_.payloads);
  write.attempts_before = before(tenant.attempts, periods_.attempts);
  write.deliveries_before = before(tenant.deliveries, periods_.deliveries);
  write.limit = pace_.rows;
  session_.expire_tenant(write, [this, started = clock_.steady_now()](Result<store::Expired> expired) {
    if (stopped_) return;
    if (!expired || !expired->more) tenants_.pop_back();
    if (tenants_.empty()) return note_done();
    next_step(started);
  });
}

}  // namespace posthorn::outbound
