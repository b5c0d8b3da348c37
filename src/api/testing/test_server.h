// TestServer: the whole service for tests: routes, access, catalogue, publisher and an in-memory SQLite store, on one loop.
// Calls go straight to the service; what the HTTP server does before is tested in net.
//
// Every answer is also held against the OpenAPI document: a status or a body that the document does not have is a failure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/access.h"
#include "access/tenants.h"
#include "api/kit/router.h"
#include "api/kit/service.h"
#include "api/native/native_api.h"
#include "base/clock.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "net/loop.h"
#include "observe/metrics.h"
#include "outbound/catalogue.h"
#include "outbound/delivery_service.h"
#include "outbound/job_service.h"
#include "outbound/polling.h"
#include "outbound/privacy_service.h"
#include "outbound/publisher.h"
#include "outbound/runnable_gate.h"
#include "outbound/test_delivery.h"
#include "script/pool.h"
#include "store/store.h"

namespace posthorn::api::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Reply {
  int status = 0;
  std::string content_type;
  Headers headers;
  std::string body;

  std::string header(std::string_view name) const;  // "absent" when it is not there
  std::string field() const;                        // of a problem body; empty when it names none
  std::string member(std::string_view name) const;  // a text member of the body; empty when there is none
};

class TestServer {
 public:
  static constexpr std::string_view kKey = "ph_test-key-for-exchanges";

  TestServer();
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Adds the key and, with a body, the media type, unless `headers` say otherwise; a header with the value "none" is left out.
  Reply call(std::string_view method, std::string_view target, std::string_view body = {}, const Headers& headers = {});

  // Records an attempt of a pending delivery, as a lane would.
  void record_attempt(DeliveryId delivery, SubscriptionId subscription, domain::Attempt attempt, domain::DeliveryState state);

  const Router& router() const { return *router_; }
  Service& service() { return *service_; }
  access::Access& access() { return access_; }
  ManualClock& clock() { return clock_; }
  outbound::FanoutRoom& fanout_room() { return fanout_room_; }
  std::size_t events_handed_to_lanes() const { return handed_over_; }

 private:
  void load();

  ManualClock clock_;
  net::Loop loop_{"api-test"};
  observe::Metrics metrics_;
  IdSource ids_{clock_, 7};
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  outbound::RunnableGate gate_;
  outbound::OrderHorizon horizon_;
  outbound::FanoutRoom fanout_room_;
  access::Tenants tenants_{clock_, ids_};
  outbound::Catalogue catalogue_{clock_, ids_, sealer_};
  access::Access access_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  std::unique_ptr<outbound::Publisher> publisher_;
  std::unique_ptr<outbound::DeliveryService> deliveries_;
  outbound::PollHub poll_hub_;
  std::unique_ptr<outbound::JobService> jobs_;
  std::unique_ptr<outbound::Polling> polling_;
  std::unique_ptr<outbound::PrivacyService> privacy_;
  script::Pool scripts_;
  SystemClock system_clock_;  // of test deliveries, which go over real sockets
  std::unique_ptr<outbound::TestDelivery> tests_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<Service> service_;
  std::vector<store::Lease> leases_;
  std::size_t handed_over_ = 0;
};

}  // namespace posthorn::api::testing
