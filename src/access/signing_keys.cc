#include "access/signing_keys.h"

#include "base/check.h"
#include "base/text.h"
#include "jwt/token.h"
#include "observe/log.h"

namespace posthorn::access {
namespace {

constexpr std::size_t kKeyIdBytes = 12;

}  // namespace

std::string signing_key_context(const std::string& id) { return "signing key " + id; }

KeyPlan plan_keys(const std::vector<Timestamp>& created, Timestamp now) {
  KeyPlan plan;
  if (created.empty()) {
    plan.make_one = true;
    return plan;
  }
  // The newest key that has been published long enough signs; a lone new one has to.
  for (std::size_t i = 0; i < created.size(); ++i) {
    if (created[i] + kKeyPublishTime <= now) plan.signer = i;
  }
  plan.make_one = created.back() + kKeySigningTime <= now;
  // A key's last token is signed when its successor takes over, and lives kTokenLifetime and the leeway of clocks.
  for (std::size_t i = 0; i + 1 < created.size() && i < plan.signer; ++i) {
    if (created[i + 1] + kKeyPublishTime + 2 * kTokenLifetime <= now) plan.drop = i + 1;
  }
  return plan;
}

void SigningKeys::fill(std::vector<store::SigningKeyRow> rows) {
  Keys keys;
  for (const auto& row : rows) {
    const auto der = sealer_.open(row.sealed, signing_key_context(row.id));
    auto key = der ? crypto::PrivateKey::from_der(*der) : Result<crypto::PrivateKey>(der.error());
    if (!key) {
      observe::log(observe::Level::warning, "a signing key cannot be opened and is not used any more", {{"key", row.id}});
      continue;
    }
    keys.push_back({row.id, std::move(*key), row.created_at});
  }
  use(std::move(keys));
}

void SigningKeys::use(Keys keys) {
  std::vector<jwt::VerifyingKey> verifying;
  verifying.reserve(keys.size());
  for (const auto& key : keys) verifying.push_back({key.id, key.key.public_key()});
  auto shared = std::make_shared<const Keys>(std::move(keys));
  auto set = std::make_shared<const jwt::KeySet>(std::move(verifying));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(shared);
  key_set_ = std::move(set);
}

std::vector<Timestamp> SigningKeys::times() const {
  const std::lock_guard lock(mutex_);
  std::vector<Timestamp> times;
  times.reserve(keys_->size());
  for (const auto& key : *keys_) times.push_back(key.created_at);
  return times;
}

net::Task<Status> SigningKeys::maintain(store::Session& session) {
  const KeyPlan plan = plan_keys(times(), clock_.wall_now());
  if (plan.make_one) {
    if (auto made = co_await make_key(session); !made) co_return made;
  }
  if (plan.drop > 0) co_return co_await drop_oldest(session, plan.drop);
  co_return Status{};
}

net::Task<Status> SigningKeys::rotate(store::Session& session, OldKeys old_keys) {
  const std::size_t before = times().size();
  if (auto made = co_await make_key(session); !made) co_return made;
  if (old_keys == OldKeys::drop) co_return co_await drop_oldest(session, before);
  co_return Status{};
}

net::Task<Status> SigningKeys::make_key(store::Session& session) {
  Key key{base64url_encode(crypto::random_bytes(kKeyIdBytes)), crypto::PrivateKey::generate(), clock_.wall_now()};
  store::SaveSigningKey write{{key.id, sealer_.seal(key.key.to_der(), signing_key_context(key.id)), key.created_at}};
  auto saved = co_await net::until<Status>([&](auto done) { session.save_signing_key(std::move(write), std::move(done)); });
  if (!saved) co_return saved;
  Keys keys;
  {
    const std::lock_guard lock(mutex_);
    keys = *keys_;
  }
  keys.push_back(std::move(key));
  use(std::move(keys));
  co_return Status{};
}

net::Task<Status> SigningKeys::drop_oldest(store::Session& session, std::size_t count) {
  Keys keys;
  {
    const std::lock_guard lock(mutex_);
    keys = *keys_;
  }
  for (std::size_t i = 0; i < count; ++i) {
    store::DeleteSigningKey write{keys[i].id};
    auto removed =
        co_await net::until<Status>([&](auto done) { session.delete_signing_key(std::move(write), std::move(done)); });
    if (!removed) co_return removed;
  }
  keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count));
  use(std::move(keys));
  co_return Status{};
}

std::string SigningKeys::sign(const boost::json::object& claims) const {
  std::shared_ptr<const Keys> keys;
  {
    const std::lock_guard lock(mutex_);
    keys = keys_;
  }
  POSTHORN_CHECK(!keys->empty());
  std::vector<Timestamp> created;
  created.reserve(keys->size());
  for (const auto& key : *keys) created.push_back(key.created_at);
  const Key& signer = (*keys)[plan_keys(created, clock_.wall_now()).signer];
  return jwt::sign_token(claims, signer.id, signer.key);
}

std::shared_ptr<const jwt::KeySet> SigningKeys::keys() const {
  const std::lock_guard lock(mutex_);
  return key_set_;
}

std::string SigningKeys::document() const {
  std::shared_ptr<const Keys> keys;
  {
    const std::lock_guard lock(mutex_);
    keys = keys_;
  }
  std::string text = R"({"keys":[)";
  for (const auto& key : *keys) {
    if (text.back() == '}') text += ',';
    const auto point = key.key.point();
    text += R"({"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":")" + key.id + R"(","x":")" +
            base64url_encode(point.x) + R"(","y":")" + base64url_encode(point.y) + "\"}";
  }
  return text + "]}";
}

}  // namespace posthorn::access
