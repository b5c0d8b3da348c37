// IssuerKeys: the public keys of outside issuers, fetched when a token needs them and kept.
//
// A set is used for kKeysFreshTime, then fetched again beside its use, and no longer used after kKeysStaleMax without success.
// A token with an unknown key id asks for a fetch too, but no issuer is asked more often than once in kKeysFetchPause, and all
// who wait for one fetch wait together: forged key ids cost the issuer nothing.
// Place: Authorizer asks; app gives the way to fetch (KeyFetcher on an out-loop).
// Concurrency: any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "access/issuers.h"
#include "base/clock.h"
#include "jwt/key_set.h"

namespace posthorn::access {

inline constexpr auto kKeysFreshTime = std::chrono::minutes(10);
inline constexpr auto kKeysStaleMax = std::chrono::hours(24);
inline constexpr auto kKeysFetchPause = std::chrono::seconds(30);

// Fetches a document; may answer on any thread, must answer once.
using FetchDone = UniqueFunction<void(Result<std::string>)>;
using FetchKeys = std::function<void(const std::string& url, FetchDone done)>;

class IssuerKeys {
 public:
  explicit IssuerKeys(const Clock& clock) : clock_(clock) {}

  void fetch_with(FetchKeys fetch) { fetch_ = std::move(fetch); }  // once, at start

  // Null when there are none that may be used.
  std::shared_ptr<const jwt::KeySet> keys(const domain::Issuer& issuer) const;
  // Whether a fetch would be made now: the keys are missing, old, or `missed` one that the token named.
  enum class Missed : std::uint8_t { no, yes };
  bool wants_fetch(const domain::Issuer& issuer, Missed missed) const;
  // Fetches, or joins the fetch that runs; `done` runs on any thread. At once when it is too soon to ask again.
  void fetch(const IssuerPtr& issuer, UniqueFunction<void(bool)> done);
  void forget(IssuerKey issuer);

 private:
  struct Entry {
    std::string url;
    std::shared_ptr<const jwt::KeySet> keys;
    SteadyTime fetched_at;
    std::optional<SteadyTime> asked_at;
    bool running = false;
    std::vector<UniqueFunction<void(bool)>> waiting;
  };

  void finish(IssuerKey issuer, const std::string& url, const Result<std::string>& document);
  bool may_ask(const Entry& entry, const std::string& url, SteadyTime now) const;

  const Clock& clock_;
  FetchKeys fetch_;
  mutable std::mutex mutex_;
  std::unordered_map<IssuerKey, Entry> entries_;
};

}  // namespace posthorn::access
