#include "jwt/key_set.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "json/reader.h"
#include "jwt/token.h"

namespace posthorn::jwt {
namespace {

namespace bj = boost::json;

Error bad_set(std::string message) { return {ErrorKind::malformed, "bad_key_set", std::move(message), {}, {}}; }

std::string_view text_of(const bj::object& key, std::string_view name) {
  const auto* value = key.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

// Empty when it is absent or no base64url.
std::string bytes_of(const bj::object& key, std::string_view name) {
  return base64url_decode(text_of(key, name)).value_or(std::string());
}

bool is_for_verifying(const bj::object& key) {
  if (key.contains("use") && text_of(key, "use") != "sig") return false;
  const auto* operations = key.if_contains("key_ops");
  if (operations == nullptr) return true;
  if (!operations->is_array()) return false;
  for (const auto& operation : operations->get_array()) {
    if (operation.is_string() && std::string_view(operation.get_string()) == "verify") return true;
  }
  return false;
}

Result<crypto::PublicKey> read_key(const bj::object& key) {
  const auto type = text_of(key, "kty");
  const auto curve = text_of(key, "crv");
  if (type == "RSA") return crypto::PublicKey::rs256(bytes_of(key, "n"), bytes_of(key, "e"));
  if (type == "EC" && curve == "P-256") return crypto::PublicKey::es256(bytes_of(key, "x"), bytes_of(key, "y"));
  if (type == "OKP" && curve == "Ed25519") return crypto::PublicKey::eddsa(bytes_of(key, "x"));
  return invalid("kty", "is of no known kind");
}

}  // namespace

Result<KeySet> KeySet::parse(std::string_view document) {
  if (document.size() > kKeySetBytesMax) {
    return Error{ErrorKind::payload_too_large, "bad_key_set", "the key set is too large", {}, {}};
  }
  const auto value = json::parse(document);
  if (!value || !value->is_object()) return bad_set("the key set is no JSON object");
  const auto* list = value->get_object().if_contains("keys");
  if (list == nullptr || !list->is_array()) return bad_set("the key set has no list \"keys\"");
  if (list->get_array().size() > kKeySetKeysMax) return bad_set("the key set has too many keys");

  std::vector<VerifyingKey> keys;
  for (const auto& item : list->get_array()) {
    if (!item.is_object() || !is_for_verifying(item.get_object())) continue;
    const auto& object = item.get_object();
    auto key = read_key(object);
    if (!key) continue;
    if (object.contains("alg") && text_of(object, "alg") != to_text(key->algorithm())) continue;
    const auto id = text_of(object, "kid");
    if (id.size() > kTokenTextBytesMax) continue;
    keys.push_back({std::string(id), std::move(*key)});
  }
  return KeySet(std::move(keys));
}

const crypto::PublicKey* KeySet::find(std::string_view id, crypto::SignatureAlgorithm algorithm) const {
  const crypto::PublicKey* found = nullptr;
  for (const auto& key : keys_) {
    if (key.key.algorithm() != algorithm) continue;
    if (!id.empty()) {
      if (key.id == id) return &key.key;
      continue;
    }
    if (found != nullptr) return nullptr;
    found = &key.key;
  }
  return found;
}

}  // namespace posthorn::jwt
