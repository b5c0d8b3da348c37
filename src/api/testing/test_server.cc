#include "api/testing/test_server.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "api/admin/operations.h"
#include "api/native/openapi_document.h"
#include "api/oauth/oauth_routes.h"
#include "api/orangelogic/orangelogic_api.h"
#include "api/orchestry/orchestry_api.h"
#include "api/ovation/ovation_api.h"
#include "api/testing/openapi_check.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::api::testing {
namespace {

namespace bj = boost::json;

const bj::object* object_in(const std::string& body, bj::value& holder) {
  boost::system::error_code error;
  holder = bj::parse(body, error);
  return error ? nullptr : holder.if_object();
}

void add_default(Headers& headers, std::string_view name, std::string value) {
  for (const auto& [given, unused] : headers) {
    if (equals_ignoring_case(given, name)) return;
  }
  headers.emplace_back(std::string(name), std::move(value));
}

script::PoolOptions script_options() {
  script::PoolOptions options;
  options.helper_file = POSTHORN_SCRIPT_HELPER;
  return options;
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return "absent";
}

std::string Reply::field() const { return content_type == "application/problem+json" ? member("field") : std::string(); }

std::string Reply::member(std::string_view name) const {
  bj::value holder;
  const auto* object = object_in(body, holder);
  const auto* value = object == nullptr ? nullptr : object->if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

TestServer::TestServer()
    : access_(clock_, ids_, sealer_, tenants_, "https://posthorn.test", {access::make_credential("admin", kKey, Timestamp())}),
      scripts_(script_options()) {
  store::sqlite::SqliteOptions options;
  options.place = store::sqlite::SqliteOptions::Place::memory;
  store_ = std::move(store::sqlite::open_sqlite(options, clock_)).value();
  loop_.start();
  net::run_on(loop_, [this]() -> net::Task<> {
    load();
    domain::Tenant tenant;
    tenant.name = "default";
    tenant.display_name = "Default";
    tenant.webhooks_enabled = true;
    const auto saved = co_await tenants_.save(*session_, std::move(tenant), 0);
    EXPECT_TRUE(saved);
    const auto keys = co_await access_.signing_keys.maintain(*session_);
    EXPECT_TRUE(keys);
    store::ClaimShards claim{"test", clock_.schedule_now(), clock_.schedule_now() + kLeaseTime};
    auto leases = co_await net::until<Result<std::vector<store::Lease>>>(
        [&](auto done) { session_->claim_shards(std::move(claim), std::move(done)); });
    leases_ = std::move(leases).value();
  });
}

void TestServer::load() {
  session_ = store_->open_session(loop_);
  publisher_ = std::make_unique<outbound::Publisher>(loop_, *session_, catalogue_, clock_, ids_, gate_, horizon_, fanout_room_,
                                                     metrics_, outbound::PublishLimits(),
                                                     [this](const outbound::AcceptedWork&) { ++handed_over_; });
  deliveries_ = std::make_unique<outbound::DeliveryService>(
      *session_, clock_, [](const domain::PendingDelivery&) {}, [](SubscriptionKey, DeliveryKey) {});
  jobs_ = std::make_unique<outbound::JobService>(*session_, clock_, ids_, [](const domain::Job&) {});
  polling_ = std::make_unique<outbound::Polling>(loop_, *session_, clock_, poll_hub_);
  privacy_ = std::make_unique<outbound::PrivacyService>(
      *session_, clock_, ids_,
      outbound::PrivacyService::Sinks{[](EventKey) {}, [](SubscriptionKey, DeliveryKey) {}, [](const domain::Job&) {}});
  net::HttpClientOptions options;
  options.filter = net::PeerFilter({net::Network::parse("127.0.0.0/8", "allow").value()});
  tests_ = std::make_unique<outbound::TestDelivery>(loop_, catalogue_, system_clock_, scripts_, std::move(options), "posthorn",
                                                    kEventBodyBytesMaxDefault);
  const Services services{*session_,
                          tenants_,
                          access_,
                          catalogue_,
                          *publisher_,
                          *deliveries_,
                          *jobs_,
                          *polling_,
                          *privacy_,
                          scripts_,
                          loop_,
                          clock_,
                          kEventBodyBytesMaxDefault,
                          tests_.get()};
  auto all = native::routes(services);
  for (auto& route : orangelogic::routes(services)) all.push_back(std::move(route));
  for (auto& route : orchestry::routes(services)) all.push_back(std::move(route));
  for (auto& route : ovation::routes(services)) all.push_back(std::move(route));
  const admin::Operations operations{[] { return admin::Readiness{true, {}}; }, metrics_};
  for (auto& route : admin::routes(operations)) all.push_back(std::move(route));
  for (const auto& document : surface_documents()) {
    for (auto& route : document_routes(document)) all.push_back(std::move(route));
  }
  for (auto& route : oauth::routes({access_, {}})) all.push_back(std::move(route));
  router_ = std::make_unique<Router>(std::move(all));
  service_ = std::make_unique<Service>(*router_, access_.authorizer, tenants_, clock_, 11);
  service_->keep_audit(*session_, ids_);
}

TestServer::~TestServer() {
  scripts_.close();
  net::run_on(loop_, [this]() -> net::Task<> {
    service_.reset();
    router_.reset();
    co_await tests_->stop();
    tests_.reset();
    privacy_.reset();
    polling_.reset();
    jobs_.reset();
    deliveries_.reset();
    publisher_.reset();
    session_.reset();
  });
  store_->stop();
  loop_.stop();
}

Reply TestServer::call(std::string_view method, std::string_view target, std::string_view body, const Headers& headers) {
  Headers sent = headers;
  add_default(sent, "Authorization", "Bearer " + std::string(kKey));
  if (!body.empty()) add_default(sent, "Content-Type", "application/json");
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  for (const auto& [name, value] : sent) {
    if (value != "none") request.headers.add(name, value);
  }
  request.body = body;
  request.received_at = clock_.steady_now();

  net::HttpResponse response;
  net::run_on(loop_, [&]() -> net::Task<> { response = co_await service_->handle(request); });
  Reply reply{response.status, std::string(response.content_type), {}, std::move(response.body)};
  for (auto& [name, value] : response.headers) reply.headers.emplace_back(std::move(name), std::move(value));
  check_against_openapi(*router_, method, request.path, reply);
  return reply;
}

void TestServer::record_attempt(DeliveryId delivery, SubscriptionId subscription, domain::Attempt attempt,
                                domain::DeliveryState state) {
  net::run_on(loop_, [&]() -> net::Task<> {
    store::RecordAttempt write;
    for (const auto& lease : leases_) {
      if (lease.shard == domain::shard_of(subscription.key)) write.lease = lease;
    }
    write.delivery = delivery;
    write.subscription = subscription.key;
    write.attempt = std::move(attempt);
    write.state = state;
    write.due = clock_.schedule_now() + 5s;
    write.at = clock_.wall_now();
    const auto recorded = co_await net::until<Result<store::RecordedAttempt>>([&](auto done) {
      session_->record_attempt(std::make_shared<store::RecordAttempt>(std::move(write)), std::move(done));
    });
    EXPECT_TRUE(recorded) << (recorded ? "" : recorded.error().message);
  });
}

}  // namespace posthorn::api::testing
