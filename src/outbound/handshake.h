// Handshakes: who agreed to get events, by CloudEvents' handshake (domain/outbound/webhook_handshake.h).
//
// Place: EndpointClient asks it before the first delivery of a subscription that wants it; it asks the endpoint through the
// same
//   HTTP client and peer filter (`Ask`).
// A consent is for one subscription and URL and lasts kHandshakeConsentTime; it is kept in memory only, so a restart asks
// again,
//   which the specification allows at any time. A refusal is not kept: the retry of the delivery asks again.
// One question for all who wait; each waits until its own deadline.
// Memory: kConsentsMax; the one unused for longest goes first.
// Lifecycle: destroyed only when no question is out and nobody waits. Concurrency: belongs to a loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/event_loop.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/webhook_handshake.h"
#include "net/http_client.h"
#include "outbound/endpoint_access.h"
#include "outbound/waiters.h"

namespace posthorn::outbound {

inline constexpr auto kHandshakeTime = std::chrono::seconds(30);
inline constexpr auto kHandshakeConsentTime = std::chrono::hours(24);
inline constexpr std::size_t kConsentsMax = 100'000;

// The question. Owned together, since the asker may be gone before the answer comes.
struct HandshakeCall {
  std::shared_ptr<const net::Url> url;
  std::string header_lines;
  std::shared_ptr<const net::ClientIdentity> identity;
};

struct HandshakeOutcome {
  // `handshake` when the endpoint refused; the kind of what went wrong when it could not be asked.
  domain::FailureKind failure = domain::FailureKind::none;
  std::string detail;
  domain::HandshakeConsent consent;
};

class Handshakes {
 public:
  // Sends OPTIONS; must call `done` once, on the loop.
  using Ask = std::function<void(std::shared_ptr<const HandshakeCall>, SteadyTime deadline,
                                 UniqueFunction<void(net::SendResult)> done)>;

  // `origin`: the name under which we ask.
  Handshakes(EventLoop& loop, const Clock& clock, std::string origin, Ask ask);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // `access_lines`: what shows who we are. `done` is called once, perhaps at once.
  using Done = UniqueFunction<void(HandshakeOutcome)>;
  void agree(const HandshakeWish& wish, const std::shared_ptr<const net::Url>& url, std::string_view access_lines,
             const std::shared_ptr<const net::ClientIdentity>& identity, SteadyTime deadline, Done done);

 private:
  struct Entry;

  void answered(Entry& entry, const net::SendResult& result);
  void make_room();

  EventLoop& loop_;
  const Clock& clock_;
  const std::string origin_;
  const Ask ask_;
  std::unordered_map<SubscriptionKey, std::shared_ptr<Entry>> entries_;
};

}  // namespace posthorn::outbound
