// TokenCache: OAuth 2 tokens for endpoints, fetched when first needed and kept until shortly before they end.
//
// Place: EndpointClient asks it before it sends; it fetches through the same HTTP client and peer filter (`Fetch`).
// One fetch for all who wait; each waits until its own deadline, the fetch until kTokenFetchTime.
// Bounded: a token server is asked at most kTokenFetchBurst times in a row and then every kTokenFetchInterval for one token,
//   and after a failure not before a pause that doubles from kTokenPauseFirst to kTokenPauseMax; who asks meanwhile gets the
//   last failure at once. So neither a broken token server nor an endpoint that answers 401 to everything is hammered.
// Memory: kTokensMax tokens; the one unused for longest goes first. Tokens are nowhere else: not in logs, not in the store.
// Lifecycle: destroyed only when no fetch runs and nobody waits.
// Concurrency: belongs to a loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/event_loop.h"
#include "net/http_client.h"
#include "outbound/endpoint_access.h"
#include "outbound/waiters.h"

namespace posthorn::outbound {

// Error code: this machine had no socket for asking; neither token server nor endpoint saw anything.
inline constexpr std::string_view kNoSocketForToken = "token_no_socket";

inline constexpr auto kTokenFetchTime = std::chrono::seconds(10);
inline constexpr double kTokenFetchBurst = 3;
inline constexpr auto kTokenFetchInterval = std::chrono::seconds(10);
inline constexpr auto kTokenPauseFirst = std::chrono::seconds(1);
inline constexpr auto kTokenPauseMax = std::chrono::seconds(60);
inline constexpr std::size_t kTokensMax = 10'000;

class TokenCache {
 public:
  // Sends the source's request; must call `done` once, on the loop.
  using Fetch = std::function<void(const TokenSource&, SteadyTime deadline, UniqueFunction<void(net::SendResult)> done)>;

  TokenCache(EventLoop& loop, const Clock& clock, Fetch fetch);
  ~TokenCache();
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;

  // The token, or (unavailable) why there is none. `done` is called once, perhaps at once.
  using Done = UniqueFunction<void(Result<std::string>)>;
  void get(const TokenSource& source, SteadyTime deadline, Done done);

  // The endpoint answered 401 to this token. True: another one can be had at once, so asking again is worth it.
  bool refused(const TokenSource& source, std::string_view token);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry;

  void fetch(const std::shared_ptr<Entry>& entry, const TokenSource& source);
  void fetched(Entry& entry, SteadyTime asked, net::SendResult result);
  Entry* find(const TokenSource& source);
  void make_room();

  EventLoop& loop_;
  const Clock& clock_;
  const Fetch fetch_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace posthorn::outbound
