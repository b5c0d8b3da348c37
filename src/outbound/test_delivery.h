// TestDelivery: one request to an endpoint as a delivery would make it, told in full: without queue, record or retry.
//
// Place: surfaces call it (native test-delivery, a vendor's "test"); one per in-loop, with an HTTP client of its own, so that
//   neither connections nor tokens are shared with what is delivered. The same peer filter, certificates and proxy hold.
// A subscription is tested as it stands: its format, signatures, headers and authentication; a handshake is made where it asks
//   for one, and its transformation is run. A URL alone gets the payload, unsigned.
// Limits: each tenant kTestDeliveriesBurst at once and then kTestDeliveriesPerSecond; kTestDeliveriesAtOnceMax for all
// together. Lifecycle: stop() ends what runs and waits for it. Concurrency: belongs to the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "domain/outbound/attempt.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "outbound/catalogue.h"
#include "outbound/endpoint_client.h"
#include "outbound/ports.h"
#include "script/runner.h"

namespace posthorn::outbound {

inline constexpr double kTestDeliveriesBurst = 20;
inline constexpr double kTestDeliveriesPerSecond = 1;
inline constexpr std::size_t kTestDeliveriesAtOnceMax = 64;
inline constexpr std::size_t kTestTenantsMax = 10'000;  // whose allowance is remembered

struct TestCall {
  TenantKey tenant;
  std::string tenant_name;
  domain::SubscriptionPtr subscription;  // null: `url` alone
  std::string url;                       // empty with a subscription
  std::string topic = "posthorn.test";   // of the event that is rendered
  std::string payload;
  enum class Payload : std::uint8_t { json, text };
  Payload payload_kind = Payload::json;  // text: sent as it is; only for a URL alone and without a format
  std::optional<domain::Format> format;  // instead of the subscription's; for a URL alone: raw
  std::vector<domain::Header> headers;   // beside those of the subscription
  Milliseconds timeout = kAttemptTimeoutDefault;
};

struct TestReport {
  domain::FailureKind failure = domain::FailureKind::none;  // `status` for an answer other than 2xx
  std::string detail;
  net::ClientResponse response;  // status 0 when there was none
  std::chrono::microseconds duration{0};
};

class TestDelivery {
 public:
  // `body_bytes_max`: of what a transformation returns.
  TestDelivery(net::Loop& loop, const Catalogue& catalogue, const Clock& clock, script::Runner& scripts,
               net::HttpClientOptions options, std::string handshake_origin, std::size_t body_bytes_max);
  TestDelivery(const TestDelivery&) = delete;
  TestDelivery& operator=(const TestDelivery&) = delete;

  // A failing endpoint or transformation is a report, not an error. Errors: invalid_argument (url); unavailable
  // "too_many_requests" with retry_after; internal.
  net::Task<Result<TestReport>> send(TestCall call);

  // What runs ends at once as `disconnected`.
  // As HttpClient::reload_certificates().
  Status reload_certificates() { return client_.reload_certificates(); }

  net::Task<> stop();

 private:
  struct Allowance {
    double left = kTestDeliveriesBurst;
    SteadyTime at;
  };
  struct Composed {
    EndpointRequest request;
    std::unique_ptr<ScriptedBody> script;  // null: the request is complete
  };

  Status admit(TenantKey tenant);
  net::Task<TestReport> send(Composed composed, Milliseconds timeout);
  Result<Composed> compose(const TestCall& call);
  Result<Composed> compose_for_url(const TestCall& call);
  domain::Event example_event(const TestCall& call);

  net::Loop& loop_;
  const Catalogue& catalogue_;
  const Clock& clock_;
  script::Runner& scripts_;
  const std::size_t body_bytes_max_;
  net::HttpClient client_;
  EndpointClient endpoints_;
  SeededRandom random_;
  std::unordered_map<TenantKey, Allowance> allowances_;
  std::size_t running_ = 0;
};

}  // namespace posthorn::outbound
