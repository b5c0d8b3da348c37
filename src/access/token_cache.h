// TokenCache: who the bearer of a key or token is, by its digest, so that a request costs a hash and a lookup.
//
// An entry counts only until its time and only for the generation of accounts under which it was made: a revoked key is out at
// once. Bounded: when the young half is full it becomes the old half, and the old one goes.
// Concurrency: any thread.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "access/accounts.h"
#include "base/clock.h"
#include "domain/access/principal.h"

namespace posthorn::access {

class TokenCache {
 public:
  struct Entry {
    domain::PrincipalPtr principal;
    AccountKey account;  // whose use is noted; none for outside tokens
    Timestamp until;
    std::uint64_t generation = 0;
  };

  explicit TokenCache(std::size_t entries_max) : half_max_(entries_max / 2) {}

  std::optional<Entry> find(const domain::SecretHash& digest, std::uint64_t generation, Timestamp now) const {
    const std::shared_lock lock(mutex_);
    for (const auto* half : {&young_, &old_}) {
      const auto found = half->find(digest);
      if (found == half->end()) continue;
      if (found->second.generation == generation && now < found->second.until) return found->second;
      return std::nullopt;
    }
    return std::nullopt;
  }

  void put(const domain::SecretHash& digest, Entry entry) {
    const std::unique_lock lock(mutex_);
    if (young_.size() >= half_max_) old_ = std::exchange(young_, {});
    young_.insert_or_assign(digest, std::move(entry));
  }

 private:
  using Half = std::unordered_map<domain::SecretHash, Entry, HashOfHash>;

  const std::size_t half_max_;
  mutable std::shared_mutex mutex_;
  Half young_;
  Half old_;
};

}  // namespace posthorn::access
