#include "outbound/privacy_service.h"

#include "store/audit.h"

namespace posthorn::outbound {

PrivacyService::PrivacyService(store::Session& session, const Clock& clock, IdSource& ids, Sinks sinks)
    : session_(session), clock_(clock), ids_(ids), sinks_(std::move(sinks)) {}

net::Task<Status> PrivacyService::expunge(TenantKey tenant, EventId event) {
  store::ExpungeEvent write{.tenant = tenant, .event = event, .after = {}, .at = clock_.schedule_now()};
  while (true) {
    auto step =
        co_await net::until<Result<store::ExpungedEvent>>([&](auto done) { session_.expunge_event(write, std::move(done)); });
    if (!step) co_return std::move(step).error();
    if (!write.after) sinks_.expunged(event.key);  // the first step took the payload
    for (const auto& one : step->cancelled) sinks_.cancelled(one.subscription, one.delivery);
    write.after = step->last;
    if (!write.after) co_return Status{};
  }
}

net::Task<Result<domain::Job>> PrivacyService::erase(TenantKey tenant, std::int64_t expected_revision, store::Author author) {
  domain::Job job;
  job.id = ids_.next<domain::JobId>();
  job.erased = tenant;
  job.kind = domain::JobKind::erase;
  job.end = job.id.key.value;
  job.created_at = job.updated_at = clock_.schedule_now();
  store::StartErasure write{job, expected_revision,
                            store::audit_entry(ids_, author, TenantKey(), {"erasure", to_text(job.id), {}, {}})};
  auto started = co_await net::until<Status>([&](auto done) { session_.start_erasure(std::move(write), std::move(done)); });
  if (!started) co_return std::move(started).error();
  sinks_.erase(job);
  co_return job;
}

}  // namespace posthorn::outbound
