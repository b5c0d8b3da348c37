// SigningKeys: the keys that this server's own tokens are signed with, sealed in the store.
//
// A new key is published (JWKS) for kKeyPublishTime before it signs, so that who keeps the published set knows it in time; it
// signs for kKeySigningTime; after its successor has taken over it stays published until the last token it signed is over.
// Place: maintain() is called at start and then hourly, on one loop; the others from anywhere.
// A stored key that does not open (the master key was changed) is passed over: its tokens are no longer accepted.
// Concurrency: any thread; maintain() one at a time.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "jwt/key_set.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::access {

inline constexpr auto kTokenLifetime = std::chrono::minutes(60);
inline constexpr auto kKeyPublishTime = std::chrono::hours(24);
inline constexpr auto kKeySigningTime = std::chrono::hours(24 * 30);
inline constexpr auto kKeyMaintenanceInterval = std::chrono::hours(1);

// What maintain() does at a time; pure. Keys in order of age.
struct KeyPlan {
  bool make_one = false;
  std::size_t drop = 0;    // so many of the oldest
  std::size_t signer = 0;  // index; only when there is a key
};
KeyPlan plan_keys(const std::vector<Timestamp>& created, Timestamp now);

// What a stored key is bound to (crypto::Sealer): it opens for its own row only.
std::string signing_key_context(const std::string& id);

class SigningKeys {
 public:
  SigningKeys(const Clock& clock, const crypto::Sealer& sealer) : clock_(clock), sealer_(sealer) {}

  void fill(std::vector<store::SigningKeyRow> rows);  // once, at start
  // Makes, changes over and drops keys as their time comes. Errors: unavailable, when a key could not be stored.
  net::Task<Status> maintain(store::Session& session);
  // A new key that signs from now on; the old ones still verify. For when a key may be known to others, say false to that.
  enum class OldKeys : std::uint8_t { keep, drop };
  net::Task<Status> rotate(store::Session& session, OldKeys old_keys);

  // Precondition: maintain() has succeeded once.
  std::string sign(const boost::json::object& claims) const;
  std::shared_ptr<const jwt::KeySet> keys() const;
  // {"keys":[…]}, as RFC 7517 has it.
  std::string document() const;

 private:
  struct Key {
    std::string id;
    crypto::PrivateKey key;
    Timestamp created_at;
  };
  using Keys = std::vector<Key>;

  net::Task<Status> make_key(store::Session& session);
  net::Task<Status> drop_oldest(store::Session& session, std::size_t count);
  void use(Keys keys);
  std::vector<Timestamp> times() const;

  const Clock& clock_;
  const crypto::Sealer& sealer_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_ = std::make_shared<const Keys>();
  std::shared_ptr<const jwt::KeySet> key_set_ = std::make_shared<const jwt::KeySet>();
};

}  // namespace posthorn::access
