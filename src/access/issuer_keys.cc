#include "access/issuer_keys.h"

#include "observe/log.h"

namespace posthorn::access {

std::shared_ptr<const jwt::KeySet> IssuerKeys::keys(const domain::Issuer& issuer) const {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(issuer.id.key);
  if (found == entries_.end() || found->second.url != issuer.settings.jwks_url || !found->second.keys) return nullptr;
  return now < found->second.fetched_at + kKeysStaleMax ? found->second.keys : nullptr;
}

bool IssuerKeys::may_ask(const Entry& entry, const std::string& url, SteadyTime now) const {
  return entry.url != url || !entry.asked_at || now >= *entry.asked_at + kKeysFetchPause;
}

bool IssuerKeys::wants_fetch(const domain::Issuer& issuer, Missed missed) const {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(issuer.id.key);
  if (found == entries_.end()) return true;
  const Entry& entry = found->second;
  if (entry.running) return true;
  if (!may_ask(entry, issuer.settings.jwks_url, now)) return false;
  const bool fresh = entry.keys && entry.url == issuer.settings.jwks_url && now < entry.fetched_at + kKeysFreshTime;
  return !fresh || missed == Missed::yes;
}

void IssuerKeys::fetch(const IssuerPtr& issuer, UniqueFunction<void(bool)> done) {
  const SteadyTime now = clock_.steady_now();
  const std::string& url = issuer->settings.jwks_url;
  std::unique_lock lock(mutex_);
  Entry& entry = entries_[issuer->id.key];
  const bool running = entry.running;
  if (!running && !(fetch_ && may_ask(entry, url, now))) {
    lock.unlock();
    return done(false);
  }
  entry.waiting.push_back(std::move(done));
  if (running) return;
  if (entry.url != url) entry.keys = nullptr;
  entry.url = url;
  entry.asked_at = now;
  entry.running = true;
  lock.unlock();
  fetch_(url, [this, key = issuer->id.key, url](Result<std::string> document) { finish(key, url, document); });
}

void IssuerKeys::finish(IssuerKey issuer, const std::string& url, const Result<std::string>& document) {
  auto keys = document ? jwt::KeySet::parse(*document) : Result<jwt::KeySet>(document.error());
  const bool good = keys && !keys->empty();
  if (!good) {
    observe::log(observe::Level::warning, "the keys of an issuer cannot be fetched",
                 {{"url", url}, {"cause", keys ? std::string_view("it has no key that is known here") : keys.error().message}});
  }
  std::vector<UniqueFunction<void(bool)>> waiting;
  {
    const std::unique_lock lock(mutex_);
    const auto found = entries_.find(issuer);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    entry.running = false;
    waiting = std::exchange(entry.waiting, {});
    if (good && entry.url == url) {
      entry.keys = std::make_shared<const jwt::KeySet>(std::move(*keys));
      entry.fetched_at = clock_.steady_now();
    }
  }
  for (auto& done : waiting) done(good);
}

void IssuerKeys::forget(IssuerKey issuer) {
  std::vector<UniqueFunction<void(bool)>> waiting;
  {
    const std::unique_lock lock(mutex_);
    const auto found = entries_.find(issuer);
    if (found == entries_.end()) return;
    waiting = std::exchange(found->second.waiting, {});
    entries_.erase(found);
  }
  for (auto& done : waiting) done(false);
}

}  // namespace posthorn::access
