#include "access/upkeep.h"

#include "observe/log.h"

namespace posthorn::access {

Upkeep::Upkeep(net::Loop& loop, store::Session& session, Access& access, const Clock& clock)
    : session_(session), access_(access), clock_(clock), scope_(loop), alarm_(loop.make_alarm([this] { tick(); })) {}

void Upkeep::start() {
  keys_due_ = clock_.steady_now() + kKeyMaintenanceInterval;
  alarm_->set(clock_.steady_now() + kUseWriteInterval);
}

void Upkeep::tick() {
  write_uses();
  const SteadyTime now = clock_.steady_now();
  if (now >= keys_due_) {
    keys_due_ = now + kKeyMaintenanceInterval;
    scope_.spawn(maintain_keys());
  }
  alarm_->set(now + kUseWriteInterval);
}

// What cannot be written is lost: it is only about when, and the next use tells again.
void Upkeep::write_uses() {
  store::TouchAccounts write{access_.accounts.take_used()};
  if (write.used.empty()) return;
  session_.touch_accounts(std::move(write), [](Result<void>) {});
}

net::Task<void> Upkeep::maintain_keys() {
  const auto maintained = co_await access_.signing_keys.maintain(session_);
  if (maintained) co_return;
  observe::log(observe::Level::warning, "signing keys could not be maintained; it is tried again in an hour",
               {{"cause", maintained.error().message}});
}

net::Task<void> Upkeep::stop() {
  alarm_->clear();
  write_uses();
  co_await scope_.join();
}

}  // namespace posthorn::access
