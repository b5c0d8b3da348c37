#include "outbound/handshake.h"

#include "outbound/endpoint_client.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;

HandshakeOutcome late() { return {FailureKind::timeout, "the time ran out during the handshake", {}}; }

std::string_view header_of(const net::ClientResponse& response, std::string_view name) {
  const auto value = response.header(name);
  return value.empty() ? std::string_view() : value;
}

HandshakeOutcome outcome_of(std::string_view origin, const net::SendResult& result) {
  if (!result) return {failure_of(result.error().kind), "the handshake: " + result.error().detail, {}};
  const auto consent = domain::read_handshake_answer(origin, result->status, header_of(*result, "webhook-allowed-origin"),
                                                     header_of(*result, "webhook-allowed-rate"));
  if (!consent) return {FailureKind::handshake, consent.error().message, {}};
  return {FailureKind::none, {}, *consent};
}

}  // namespace

struct Handshakes::Entry {
  Entry(EventLoop& loop, const Clock& clock, std::string target) : url(std::move(target)), waiters(loop, clock, late()) {}

  const std::string url;
  std::optional<domain::HandshakeConsent> consent;
  SteadyTime agreed_until;
  SteadyTime last_used;
  bool asking = false;
  Waiters<HandshakeOutcome> waiters;
};

Handshakes::Handshakes(EventLoop& loop, const Clock& clock, std::string origin, Ask ask)
    : loop_(loop), clock_(clock), origin_(std::move(origin)), ask_(std::move(ask)) {}

Handshakes::~Handshakes() {
  for (const auto& [key, entry] : entries_) POSTHORN_CHECK(!entry->asking);
}

void Handshakes::agree(const HandshakeWish& wish, const std::shared_ptr<const net::Url>& url, std::string_view access_lines,
                       const std::shared_ptr<const net::ClientIdentity>& identity, SteadyTime deadline, Done done) {
  const auto now = clock_.steady_now();
  auto& place = entries_[wish.subscription];
  const auto target = url->text();
  if (!place || place->url != target) {
    // What runs for the former URL answers those who wait for it, and is forgotten.
    place = std::make_shared<Entry>(loop_, clock_, target);
    make_room();
  }
  const auto entry = place;
  entry->last_used = now;
  if (entry->consent && now < entry->agreed_until) return done({FailureKind::none, {}, *entry->consent});
  entry->waiters.add(deadline, std::move(done));
  if (entry->asking) return;
  entry->asking = true;
  auto call = std::make_shared<HandshakeCall>();
  call->url = url;
  call->header_lines = domain::handshake_header_lines(origin_, wish.per_minute);
  call->header_lines += access_lines;
  call->identity = identity;
  ask_(std::move(call), now + kHandshakeTime, [this, entry](const net::SendResult& result) { answered(*entry, result); });
}

void Handshakes::answered(Entry& entry, const net::SendResult& result) {
  entry.asking = false;
  const auto outcome = outcome_of(origin_, result);
  entry.consent.reset();
  if (outcome.failure == FailureKind::none) {
    entry.consent = outcome.consent;
    entry.agreed_until = clock_.steady_now() + kHandshakeConsentTime;
  }
  entry.waiters.answer_all(outcome);
}

void Handshakes::make_room() {
  if (entries_.size() <= kConsentsMax) return;
  auto oldest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second->asking || !it->second->waiters.empty()) continue;
    if (it->second->last_used == SteadyTime()) continue;  // the new one
    if (oldest == entries_.end() || it->second->last_used < oldest->second->last_used) oldest = it;
  }
  if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace posthorn::outbound
