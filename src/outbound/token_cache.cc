#include "outbound/token_cache.h"

#include <algorithm>

#include "domain/outbound/token_grant.h"

namespace posthorn::outbound {
namespace {

Error late() { return {ErrorKind::unavailable, "token_late", "the time ran out while a token was fetched", {}, std::nullopt}; }

Result<domain::TokenGrant> grant_of(const net::SendResult& result) {
  if (!result) {
    const bool shortage = result.error().kind == net::SendFailure::shortage;
    return unavailable("the token server: " + result.error().detail, shortage ? kNoSocketForToken : "token_unreachable");
  }
  if (!result->body_complete) return unavailable("the token server's answer is too large", "token_refused");
  return domain::read_token_answer(result->status, result->body);
}

}  // namespace

struct TokenCache::Entry {
  Entry(EventLoop& loop, const Clock& clock) : waiters(loop, clock, late()) {}

  bool may_fetch(SteadyTime now);

  std::string token;  // empty: none
  SteadyTime usable_until;
  SteadyTime last_used;
  bool fetching = false;
  std::optional<Error> failure;  // of the last fetch
  SteadyTime paused_until;
  std::chrono::milliseconds pause = kTokenPauseFirst;
  double allowance = kTokenFetchBurst;  // fetches that may begin now
  SteadyTime allowance_at;
  Waiters<Result<std::string>> waiters;
};

bool TokenCache::Entry::may_fetch(SteadyTime now) {
  const double gained = std::chrono::duration<double>(now - allowance_at) / std::chrono::duration<double>(kTokenFetchInterval);
  allowance = std::min(kTokenFetchBurst, allowance + gained);
  allowance_at = now;
  return now >= paused_until && allowance >= 1;
}

TokenCache::TokenCache(EventLoop& loop, const Clock& clock, Fetch fetch)
    : loop_(loop), clock_(clock), fetch_(std::move(fetch)) {}

TokenCache::~TokenCache() {
  for (const auto& [key, entry] : entries_) POSTHORN_CHECK(!entry->fetching);
}

void TokenCache::get(const TokenSource& source, SteadyTime deadline, Done done) {
  const auto now = clock_.steady_now();
  auto& place = entries_[source.key];
  if (!place) {
    make_room();
    place = std::make_shared<Entry>(loop_, clock_);
    place->allowance_at = now;
  }
  const auto entry = place;
  entry->last_used = now;
  if (!entry->token.empty() && now < entry->usable_until) return done(entry->token);
  if (!entry->fetching && !entry->may_fetch(now)) {
    if (entry->failure) return done(*entry->failure);
    return done(unavailable("a new token is not asked for yet: too many were asked for", "token_too_often"));
  }
  entry->waiters.add(deadline, std::move(done));
  if (!entry->fetching) fetch(entry, source);
}

bool TokenCache::refused(const TokenSource& source, std::string_view token) {
  Entry* entry = find(source);
  if (entry == nullptr) return true;
  if (entry->token != token) return true;  // another one is there or on its way
  if (!entry->may_fetch(clock_.steady_now())) return false;
  entry->token.clear();
  return true;
}

void TokenCache::fetch(const std::shared_ptr<Entry>& entry, const TokenSource& source) {
  const auto now = clock_.steady_now();
  entry->fetching = true;
  entry->allowance -= 1;
  fetch_(source, now + kTokenFetchTime,
         [this, entry, now](net::SendResult result) { fetched(*entry, now, std::move(result)); });
}

void TokenCache::fetched(Entry& entry, SteadyTime asked, net::SendResult result) {
  entry.fetching = false;
  auto grant = grant_of(result);
  if (!grant) {
    entry.token.clear();
    entry.failure = grant.error();
    entry.paused_until = clock_.steady_now() + entry.pause;
    entry.pause = std::min<std::chrono::milliseconds>(entry.pause * 2, kTokenPauseMax);
    return entry.waiters.answer_all(*entry.failure);
  }
  entry.failure.reset();
  entry.pause = kTokenPauseFirst;
  entry.paused_until = {};
  entry.token = std::move(grant->token);
  entry.usable_until = asked + grant->usable_for;
  const std::string token = entry.token;
  entry.waiters.answer_all(token);
}

TokenCache::Entry* TokenCache::find(const TokenSource& source) {
  const auto found = entries_.find(source.key);
  return found == entries_.end() ? nullptr : found->second.get();
}

// A new entry stands in the map already, as null.
void TokenCache::make_room() {
  if (entries_.size() <= kTokensMax) return;
  auto oldest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (!it->second || it->second->fetching || !it->second->waiters.empty()) continue;
    if (oldest == entries_.end() || it->second->last_used < oldest->second->last_used) oldest = it;
  }
  if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace posthorn::outbound
