#include "api/kit/service.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

#include "access/access.h"
#include "api/kit/answer.h"
#include "api/kit/problem.h"

namespace posthorn::api {
namespace {

net::Task<Answer> answer_ok(RequestContext& context) { co_return json_answer(200, "\"" + context.parameters[0] + "\""); }
net::Task<Answer> fail_inside(RequestContext&) { co_return internal_error("the inner words"); }
net::Task<Answer> throw_later(RequestContext&) {
  co_await net::until<int>([](auto done) { done(1); });
  throw std::runtime_error("the inner words");
}
net::Task<Answer> throw_number(RequestContext&) {
  throw 7;
  co_return internal_error("");
}
net::Task<Answer> throw_at_once(RequestContext&) { throw std::bad_alloc(); }

net::HttpResponse write_plain(const Error& error, const RequestContext& context) {
  net::HttpResponse response = json_answer(error.kind == ErrorKind::internal ? 500 : status_of(error), "[\"");
  response.body += std::string(error.code) + "\",\"" + error.message + "\",\"" + context.request_id + "\"]";
  return response;
}
net::Task<Answer> busy(RequestContext&) { co_return unavailable("later", "busy", std::chrono::seconds(7)); }
net::Task<Answer> tenant_name(RequestContext& context) { co_return json_answer(200, context.tenant->name); }

constexpr Surface kVendor{.name = "vendor", .prefix = "/vendor", .write_error = write_plain};

std::vector<Route> some_routes() {
  using domain::Action;
  std::vector<Route> routes;
  routes.push_back({.pattern = "/open/{x}", .handler = answer_ok});
  routes.push_back({.pattern = "/closed/{x}", .action = Action::read_tenants, .query = {"a"}, .handler = answer_ok});
  routes.push_back(
      {.pattern = "/tenant/{x}", .action = Action::read_tenants, .binding = Binding::tenant, .handler = answer_ok});
  routes.push_back({.method = Method::post, .pattern = "/blank/{x}", .body = BodyKind::optional_empty, .handler = answer_ok});
  routes.push_back({.pattern = "/inside", .handler = fail_inside});
  routes.push_back({.pattern = "/vendor/inside", .handler = fail_inside, .surface = &kVendor});
  routes.push_back({.pattern = "/vendor/busy", .handler = busy, .surface = &kVendor});
  routes.push_back({.pattern = "/vendor/mine",
                    .action = Action::read_subscriptions,
                    .binding = Binding::principal,
                    .query = {"*"},
                    .handler = tenant_name,
                    .surface = &kVendor});
  routes.push_back({.method = Method::post, .pattern = "/form", .body = BodyKind::form, .handler = answer_ok});
  routes.push_back({.method = Method::post, .pattern = "/any", .body = BodyKind::any, .handler = answer_ok});
  routes.push_back({.method = Method::post,
                    .pattern = "/closed-any",
                    .action = Action::read_tenants,
                    .body = BodyKind::any,
                    .handler = answer_ok});
  routes.push_back({.pattern = "/later", .handler = throw_later});
  routes.push_back({.pattern = "/number", .handler = throw_number});
  routes.push_back({.pattern = "/once", .handler = throw_at_once});
  return routes;
}

class ServiceTest : public ::testing::Test {
 protected:
  net::HttpResponse call(std::string_view method, std::string_view path, std::string_view body = {},
                         std::vector<net::HeaderView> headers = {}) {
    net::HttpRequest request;
    request.method = method;
    const auto mark = path.find('?');
    request.path = path.substr(0, mark);
    if (mark != std::string_view::npos) request.query = path.substr(mark + 1);
    request.body = body;
    for (const auto& header : headers) request.headers.add(header.name, header.value);
    net::HttpResponse response;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, service_.handle(request), [&](std::exception_ptr failed, net::HttpResponse answered) {
      EXPECT_FALSE(failed);
      response = std::move(answered);
    });
    loop.run();
    return response;
  }

  ManualClock clock_;
  IdSource ids_{clock_, 1};
  access::Tenants tenants_{clock_, ids_};
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  access::Access access_{clock_, ids_, sealer_, tenants_, "issuer", {access::make_credential("admin", "the-key", Timestamp())}};
  Router router_{some_routes()};
  Service service_{router_, access_.authorizer, tenants_, clock_, 5};
};

std::string header(const net::HttpResponse& response, std::string_view name) {
  for (const auto& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return "absent";
}

TEST_F(ServiceTest, HandsOnDecodedParametersAndAddsTheRequestId) {
  const auto response = call("GET", "/open/a%20b");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "\"a b\"");
  EXPECT_EQ(header(response, "X-Request-Id").size(), 13u);
  EXPECT_EQ(header(response, "Cache-Control"), "absent");
  EXPECT_NE(header(response, "X-Request-Id"), header(call("GET", "/open/a"), "X-Request-Id"));
}

TEST_F(ServiceTest, CatchesWhateverEscapesAndKeepsItsWords) {
  for (const std::string_view path : {"/inside", "/later", "/number", "/once"}) {
    const auto response = call("GET", path, {}, {{"X-Request-Id", "id-7"}});
    EXPECT_EQ(response.status, 500) << path;
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(header(response, "X-Request-Id"), "id-7");
    EXPECT_NE(response.body.find("\"requestId\":\"id-7\""), std::string::npos);
    EXPECT_EQ(response.body.find("inner"), std::string::npos) << response.body;
  }
}

TEST_F(ServiceTest, AsksForTheKeyWhereARouteHasAnAction) {
  EXPECT_EQ(call("GET", "/closed/x").status, 401);
  EXPECT_EQ(call("GET", "/closed/x", {}, {{"Authorization", "Bearer other"}}).status, 401);
  const auto response = call("GET", "/closed/x", {}, {{"authorization", "Bearer the-key"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
}

TEST_F(ServiceTest, RefusesEarlyWhatTheHeadAloneRefuses) {
  const auto early = [this](std::string_view method, std::string_view path, std::vector<net::HeaderView> headers = {}) {
    net::HttpRequest head;
    head.method = method;
    head.path = path;
    for (const auto& header : headers) head.headers.add(header.name, header.value);
    const auto response = service_.refuse_early(head);
    if (!response) return 0;
    EXPECT_NE(header(*response, "X-Request-Id"), "absent");
    return response->status;
  };
  EXPECT_EQ(early("POST", "/nowhere"), 404);
  EXPECT_EQ(early("POST", "/open/x"), 405);
  EXPECT_EQ(early("POST", "/closed-any"), 401);
  EXPECT_EQ(early("POST", "/closed-any", {{"Authorization", "Bearer the-key"}}), 0);
  EXPECT_EQ(early("POST", "/form", {{"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(early("POST", "/form", {{"Content-Type", "application/x-www-form-urlencoded"}}), 0);
}

TEST_F(ServiceTest, FindsTheTenantOfBoundRoutes) {
  EXPECT_EQ(call("GET", "/tenant/acme", {}, {{"Authorization", "Bearer the-key"}}).status, 404);
  domain::Tenant tenant;
  tenant.key = {5};
  tenant.name = "acme";
  tenants_.fill({tenant});
  EXPECT_EQ(call("GET", "/tenant/acme", {}, {{"Authorization", "Bearer the-key"}}).status, 200);
  EXPECT_EQ(call("GET", "/tenant/acme").status, 401);
}

TEST_F(ServiceTest, WritesErrorsInTheFormOfTheSurface) {
  const std::vector<net::HeaderView> id{{"X-Request-Id", "id-7"}};
  const auto inside = call("GET", "/vendor/inside", {}, id);
  EXPECT_EQ(inside.status, 500);
  EXPECT_EQ(inside.body.find("inner"), std::string::npos);
  EXPECT_EQ(inside.body, "[\"internal\",\"" + std::string(kInternalFailureWords) + "\",\"id-7\"]");
  const auto busy_now = call("GET", "/vendor/busy");
  EXPECT_EQ(busy_now.status, 503);
  EXPECT_EQ(header(busy_now, "Retry-After"), "7");
  const auto nobody = call("GET", "/vendor/mine");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_TRUE(nobody.body.starts_with("[\"unauthenticated\""));
  EXPECT_EQ(header(nobody, "WWW-Authenticate"), "Bearer");
  EXPECT_TRUE(call("GET", "/vendor/nothing").body.starts_with("[\"not_found\""));
  EXPECT_TRUE(call("PUT", "/vendor/busy").body.starts_with("[\"method_not_allowed\""));
  EXPECT_TRUE(call("GET", "/vendor/%").body.starts_with("[\"bad_target\""));
  EXPECT_EQ(call("GET", "/vendors").content_type, "application/problem+json");
}

TEST_F(ServiceTest, FindsTheTenantOfThePrincipalOrOfTheHeader) {
  const net::HeaderView key{"Authorization", "Bearer the-key"};
  EXPECT_EQ(call("GET", "/vendor/mine", {}, {key}).status, 404);
  domain::Tenant standard;
  standard.key = {5};
  standard.name = "default";
  standard.webhooks_enabled = true;
  domain::Tenant acme = standard;
  acme.key = {6};
  acme.name = "acme";
  tenants_.fill({standard, acme});
  EXPECT_EQ(call("GET", "/vendor/mine?whatever=1", {}, {key}).body, "default");
  EXPECT_EQ(call("GET", "/vendor/mine", {}, {key, {"posthorn-tenant", "acme"}}).body, "acme");
  EXPECT_EQ(call("GET", "/vendor/mine", {}, {key, {"posthorn-tenant", "other"}}).status, 404);
  EXPECT_EQ(call("GET", "/vendor/mine", {}, {key, {"posthorn-tenant", ""}}).status, 404);
}

TEST_F(ServiceTest, RefusesOnVendorsSurfacesWhileWebhooksAreOff) {
  const net::HeaderView key{"Authorization", "Bearer the-key"};
  domain::Tenant tenant;
  tenant.key = {5};
  tenant.name = "default";
  tenants_.fill({tenant});
  const auto refused = call("GET", "/vendor/mine", {}, {key});
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.body.starts_with("[\"webhooks_disabled\""));
  EXPECT_EQ(call("GET", "/tenant/default", {}, {key}).status, 200);  // native configuration can be prepared
}

TEST_F(ServiceTest, KnowsFormsAndBodiesThatTheHandlerReads) {
  const net::HeaderView form{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"};
  EXPECT_EQ(call("POST", "/form", "a=b", {form}).status, 200);
  EXPECT_EQ(call("POST", "/form", "a=b", {{"Content-Type", "application/json"}}).status, 415);
  EXPECT_EQ(call("POST", "/form", "a=b").status, 415);
  EXPECT_EQ(call("POST", "/any", "<a/>", {{"Content-Type", "application/xml"}}).status, 200);
}

TEST_F(ServiceTest, TakesHeadForGetAndAnswersOptionsItself) {
  EXPECT_EQ(call("HEAD", "/open/x").status, 200);
  const auto options = call("OPTIONS", "/closed/x");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(header(options, "Allow"), "GET, HEAD, OPTIONS");
  EXPECT_TRUE(options.content_type.empty());
  EXPECT_EQ(call("OPTIONS", "/nowhere").status, 404);
  EXPECT_EQ(call("OPTIONS", "*").status, 204);
}

TEST_F(ServiceTest, ChecksQueriesAndBodiesBeforeTheHandler) {
  const std::vector<net::HeaderView> key{{"Authorization", "Bearer the-key"}};
  EXPECT_EQ(call("GET", "/closed/x?a=1", {}, key).status, 200);
  EXPECT_EQ(call("GET", "/closed/x?b=1", {}, key).status, 422);
  EXPECT_EQ(call("GET", "/closed/x?a=%", {}, key).status, 400);
  EXPECT_EQ(call("GET", "/closed/x", "{}", key).status, 400);
  EXPECT_EQ(call("POST", "/blank/x").status, 200);
  EXPECT_EQ(call("POST", "/blank/x", " { } ").status, 200);
  for (const std::string_view body : {"{\"a\":1}", "[]", "null", "x", " "})
    EXPECT_EQ(call("POST", "/blank/x", body).status, 400);
}

TEST_F(ServiceTest, TellsAWrongMethodFromAnUnknownPath) {
  const auto wrong = call("DELETE", "/open/x");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(header(wrong, "Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(call("BREW", "/open/x").status, 405);
  EXPECT_EQ(call("GET", "/open").status, 404);
  EXPECT_EQ(call("GET", "").status, 404);
  EXPECT_EQ(call("GET", "/open/%").status, 400);
}

}  // namespace
}  // namespace posthorn::api
