// Subscription: who wants which events where. Tenant, Topic and Scope stand here too: the catalogue of the sending side.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/limits.h"
#include "domain/outbound/event.h"
#include "domain/outbound/retry.h"

namespace posthorn::json {
class JsonPath;
using JsonPathPtr = std::shared_ptr<const JsonPath>;
}  // namespace posthorn::json

namespace posthorn::domain {

// Every catalogue row has a revision: 1 when made, one more at each change. It is the ETag.
struct Tenant {
  TenantKey key;
  std::string name;  // the caller's own identifier, unique
  std::string display_name;
  bool webhooks_enabled = false;
  std::string settings = "{}";  // JSON object, kept for the tenant
  std::int64_t revision = 1;
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Tenant&, const Tenant&) = default;
};

struct Topic {
  TopicKey key;
  TenantKey tenant;
  std::string name;
  std::string description;
  std::string schema;   // JSON Schema text; empty when there is none
  std::string example;  // JSON text; empty when there is none
  std::int64_t revision = 1;
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Topic&, const Topic&) = default;
};

struct Scope {
  ScopeKey key;
  TenantKey tenant;
  std::string name;
  std::string display_name;
  std::int64_t revision = 1;
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Scope&, const Scope&) = default;
};

// What a receiver gets as its body (format.h).
enum class Format : std::uint8_t {
  standard,            // Standard Webhooks
  raw,                 // the payload alone
  orangelogic,         // Orange Logic
  orchestry,           // Orchestry
  ovation,             // Ovation
  cloudevents,         // CloudEvents 1.0, structured
  cloudevents_binary,  // CloudEvents 1.0, binary
};

// What proves to the receiver where a delivery comes from (signature.h).
enum class SignatureScheme : std::uint8_t {
  v1,           // Standard Webhooks, HMAC-SHA-256
  v1a,          // Standard Webhooks, Ed25519
  ol_sha256,    // Orange Logic's x-ol-signature, HMAC-SHA-256
  ol_sha512,    // the same with HMAC-SHA-512
  hub_sha256,   // X-Hub-Signature-256, as GitHub signs
  timestamped,  // t=…,v1=…, as Stripe signs
  secret,       // the secret itself in a header, as Orchestry sends it
};

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

// The name of the header that a scheme writes, when it is not the scheme's own.
struct SignatureHeader {
  SignatureScheme scheme;
  std::string name;
  friend bool operator==(const SignatureHeader&, const SignatureHeader&) = default;
};

class Predicate;
using PredicatePtr = std::shared_ptr<const Predicate>;

// How a subscription's events reach their consumer.
enum class Kind : std::uint8_t {
  push,  // POSTed to its URL
  poll,  // kept until the consumer reads and acknowledges them
};

// In which order a lane attempts its deliveries.
struct Order {
  enum class Mode : std::uint8_t {
    none,   // as they are due; a retry never holds up another delivery
    fifo,   // one at a time, in the order of acceptance: a delivery that fails holds up all behind it
    keyed,  // the same for each value of `key`
  };
  Mode mode = Mode::none;
  std::string key;           // for keyed: a singular JSONPath over the event (EventDocument)
  json::JsonPathPtr path{};  // the same, compiled
  friend bool operator==(const Order& a, const Order& b) { return a.mode == b.mode && a.key == b.key; }
};

// A token bucket: requests to the endpoint, retries included.
struct RateLimit {
  double per_second = 0;
  std::uint32_t burst = 1;
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

// Several events in one request, as soon as one of the bounds is reached.
struct Batching {
  std::uint32_t events_max = 1;
  std::uint32_t bytes_max = 0;
  Milliseconds wait_max{0};
  friend bool operator==(const Batching&, const Batching&) = default;
};

enum class Priority : std::uint8_t { low, normal, high };

// A script that changes what is sent; it runs in a sandboxed helper process.
struct Transform {
  enum class Language : std::uint8_t { jq, javascript };
  Language language = Language::jq;
  std::string code;
  friend bool operator==(const Transform&, const Transform&) = default;
};

// What the owner sets. Stored as one JSON document (subscription_document.h). Whatever is secret stands in
// SubscriptionSecrets.
struct SubscriptionSettings {
  std::string uid;   // the caller's own identifier, unique in the tenant; empty when there is none
  std::string name;  // for people
  std::string url;
  std::vector<std::string> topics;  // patterns
  std::string scope;                // empty: all events whatever their scope
  std::string description;
  std::vector<std::pair<std::string, std::string>> metadata;  // the caller's own; never looked into
  Format format = Format::standard;
  std::vector<SignatureScheme> signatures{SignatureScheme::v1};
  std::vector<SignatureHeader> signature_headers;  // names that differ from default_header_name()
  std::vector<Header> headers;
  RetryPolicy retry = standard_retry_policy();
  std::string retry_preset = "standard";  // how it was written; empty when explicit
  Milliseconds timeout = kAttemptTimeoutDefault;
  bool enabled = true;
  Kind kind = Kind::push;
  // The event is for the subscription when `include` is empty or one of it matches, and none of `exclude` does.
  std::vector<PredicatePtr> include;
  std::vector<PredicatePtr> exclude;
  Order order;
  std::optional<RateLimit> rate_limit;
  std::uint32_t concurrency = 0;  // attempts at once at most; 0: kLaneConcurrencyMax
  Priority priority = Priority::normal;
  std::optional<Batching> batching;
  std::optional<Transform> transform;
  bool handshake = false;                     // CloudEvents' OPTIONS handshake before the first delivery
  std::optional<Milliseconds> disable_after;  // of nothing but failures; 0: never; nothing: the server's default

  friend bool operator==(const SubscriptionSettings&, const SubscriptionSettings&) = default;
};

struct Subscription {
  SubscriptionId id;
  TenantKey tenant;
  std::int64_t number = 0;  // 1, 2, … in its tenant, given by the store and never again: for those who need a small integer
  SubscriptionSettings settings;
  std::string sealed_secret;    // crypto::Sealer's output over encode_secrets(); never leaves the server
  std::string disabled_reason;  // why the server disabled it ("gone"); empty when nobody or its owner did
  std::int64_t revision = 1;
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Subscription&, const Subscription&) = default;
};

using SubscriptionPtr = std::shared_ptr<const Subscription>;

// Which shard a subscription's lane and jobs belong to.
inline std::uint32_t shard_of(SubscriptionKey key) {
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(key.value) * 0x9e3779b97f4a7c15) >> 32) % kShardCount;
}

}  // namespace posthorn::domain
