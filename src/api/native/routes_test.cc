// Rules that hold for every route there is, now and later.
#include <gtest/gtest.h>

#include <set>

#include "api/testing/test_server.h"

namespace posthorn::api::native {
namespace {

using namespace posthorn::api::testing;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kUnknownId = "0198f0a2-7c1e-7a3b-8d54-2f9c1e6b7a10";

std::string with(std::string path, std::string_view place, std::string_view value) {
  const auto at = path.find(place);
  return at == std::string::npos ? path : path.replace(at, place.size(), value);
}

std::string path_of(const Route& route, std::string_view tenant, std::string_view object) {
  std::string path = with(std::string(route.pattern), "{tenant}", tenant);
  for (const std::string_view place : {"{topic}", "{scope}", "{automation}", "{subscription}", "{event}", "{delivery}",
                                       "{client}", "{key}", "{grant}", "{issuer}", "{job}"}) {
    path = with(std::move(path), place, object);
  }
  return path;
}

std::string body_of(const Route& route) { return route.body == BodyKind::json ? "{}" : ""; }

class EveryRoute : public ::testing::Test {
 protected:
  TestServer server_;
};

TEST_F(EveryRoute, DeclaresItsActionUnlessItIsOpenToEverybody) {
  const std::set<std::string_view> open{"/health/live",
                                        "/health/ready",
                                        "/api/v1/openapi.json",
                                        "/api/v1/docs",
                                        "/oauth2/token",
                                        "/.well-known/jwks.json",
                                        "/.well-known/oauth-authorization-server",
                                        "/orangelogic/openapi.json",
                                        "/orangelogic/docs",
                                        "/orangelogic/webapi/security/clientcredentialsauthentication/authenticate_46H_v1",
                                        "/orchestry/openapi.json",
                                        "/orchestry/docs",
                                        "/orchestry/{tenant}/oauth2/v2.0/token",
                                        "/orchestry/{tenant}/{protocol}/{version}/token",
                                        "/ovation/openapi.json",
                                        "/ovation/docs"};
  std::set<std::string_view> without;
  for (const auto& route : server_.router().routes()) {
    if (!route.action) without.insert(route.pattern);
    if (route.surface == &kNativeSurface && route.pattern.find("{tenant}/") != std::string_view::npos) {
      EXPECT_EQ(route.binding, Binding::tenant) << route.pattern;
    }
  }
  EXPECT_EQ(without, open);
}

TEST_F(EveryRoute, AnswersNobodyWithoutAKey) {
  for (const auto& route : server_.router().routes()) {
    if (!route.action) continue;
    for (const std::string_view key : {"none", "", "Bearer ", "Bearer wrong", "Basic YTpi"}) {
      const Reply reply = server_.call(to_text(route.method), path_of(route, "default", "x"), body_of(route),
                                       {{"Authorization", std::string(key)}});
      EXPECT_EQ(reply.status, 401) << route.pattern;
      EXPECT_EQ(reply.header("WWW-Authenticate"), "Bearer");
    }
    const Reply twice = server_.call(to_text(route.method), path_of(route, "default", "x"), body_of(route),
                                     {{"Authorization", "Bearer " + std::string(TestServer::kKey)},
                                      {"Authorization", "Bearer " + std::string(TestServer::kKey)}});
    EXPECT_EQ(twice.status, 401) << route.pattern;
  }
}

TEST_F(EveryRoute, RefusesParametersThatItDoesNotKnow) {
  for (const auto& route : server_.router().routes()) {
    if (route.surface != &kNativeSurface) continue;
    const Reply reply =
        server_.call(to_text(route.method), path_of(route, "default", "x") + "?nobodyKnowsIt=1", body_of(route));
    if (!route.action) {
      EXPECT_EQ(reply.status, 422) << route.pattern;
      continue;
    }
    EXPECT_EQ(reply.status, 422) << route.pattern;
    EXPECT_EQ(reply.field(), "nobodyKnowsIt");
    EXPECT_EQ(server_.call(to_text(route.method), path_of(route, "default", "x") + "?limit=%", body_of(route)).status, 400);
    const Reply twice = server_.call(to_text(route.method), path_of(route, "default", "x") + "?a=1&%61=2", body_of(route));
    EXPECT_EQ(twice.status, 422) << route.pattern;
    EXPECT_EQ(twice.field(), "a");
  }
}

TEST_F(EveryRoute, OfATenantKnowsOnlyTenantsThatAreThere) {
  for (const auto& route : server_.router().routes()) {
    if (route.binding != Binding::tenant) continue;
    for (const std::string_view tenant : {"nobody", "Default", "%20", "..", "default%00", "a%2Fb"}) {
      const Reply reply = server_.call(to_text(route.method), path_of(route, tenant, "x"), body_of(route));
      EXPECT_EQ(reply.status, 404) << route.pattern << ' ' << tenant;
    }
  }
}

TEST_F(EveryRoute, RefusesBodiesThatAreNotItsKind) {
  for (const auto& route : server_.router().routes()) {
    if (route.surface != &kNativeSurface) continue;
    const std::string path = path_of(route, "default", "x");
    if (route.body == BodyKind::any) continue;
    if (route.body != BodyKind::json) {
      EXPECT_EQ(server_.call(to_text(route.method), path, "{\"a\":1}").status, 400) << route.pattern;
      continue;
    }
    for (const std::string type : {"text/plain", "application/xml", "application/json; charset=utf-16"}) {
      EXPECT_EQ(server_.call(to_text(route.method), path, "{}", {{"Content-Type", type}}).status, 415) << route.pattern;
    }
  }
}

TEST_F(EveryRoute, AnswersWithARequestId) {
  for (const auto& route : server_.router().routes()) {
    const std::string path = path_of(route, "default", "x");
    EXPECT_EQ(server_.call(to_text(route.method), path, body_of(route), {{"X-Request-Id", "abc-1"}}).header("X-Request-Id"),
              "abc-1");
    for (const std::string& bad : std::vector<std::string>{"", "a b", "<x>", std::string(129, 'a')}) {
      const Reply reply = server_.call(to_text(route.method), path, body_of(route), {{"X-Request-Id", bad}});
      EXPECT_EQ(reply.header("X-Request-Id").size(), 13u) << route.pattern;
    }
  }
}

// What a tenant has that routes can name, by the place in the pattern.
struct Objects {
  std::string topic = "mine.topic";
  std::string scope = "mine";
  std::string automation = "mine";
  std::string subscription;
  std::string event;
  std::string delivery;
  std::string job;
  std::string polled;  // a subscription of kind poll

  std::string path(const Route& route, std::string_view tenant) const {
    std::string path = with(std::string(route.pattern), "{tenant}", tenant);
    path = with(std::move(path), "{topic}", topic);
    path = with(std::move(path), "{scope}", scope);
    path = with(std::move(path), "{automation}", automation);
    const bool polls = route.pattern.find("/poll") != std::string_view::npos;
    path = with(std::move(path), "{subscription}", polls ? polled : subscription);
    path = with(std::move(path), "{event}", event);
    path = with(std::move(path), "{job}", job);
    return with(std::move(path), "{delivery}", delivery);
  }
};

Objects make_objects(TestServer& server, const std::string& tenant) {
  const std::string base = "/api/v1/tenants/" + tenant;
  Objects made;
  EXPECT_EQ(server.call("PUT", base + "/topics/" + made.topic, "{}").status, 201);
  EXPECT_EQ(server.call("PUT", base + "/scopes/" + made.scope, "{}").status, 201);
  EXPECT_EQ(server
                .call("PUT", base + "/automations/" + made.automation,
                      R"({"topics":["other"],"publish":{"topic":"mine.topic","data":1}})")
                .status,
            201);
  made.subscription =
      server.call("POST", base + "/subscriptions", R"({"url":"https://r.example/","topics":["**"],"signatures":["v1","v1a"]})")
          .member("id");
  made.polled = server.call("POST", base + "/subscriptions", R"({"kind":"poll","topics":["**"]})").member("id");
  made.event = server.call("POST", base + "/events", R"({"topic":"mine.topic","data":1})").member("id");
  const std::string page = server.call("GET", base + "/events/" + made.event + "/deliveries").body;
  made.delivery = page.substr(page.find("\"id\":\"") + 6, 36);
  made.job = server.call("POST", base + "/deliveries/resend", R"({"since":"2026-01-31T00:00:00Z"})").member("id");
  return made;
}

TEST_F(EveryRoute, NeverShowsOrTouchesAnotherTenantsObjects) {
  const Objects mine = make_objects(server_, "default");
  ASSERT_EQ(server_.call("PUT", "/api/v1/tenants/other", R"({"webhooksEnabled":true})").status, 201);
  std::size_t probed = 0;
  for (const auto& route : server_.router().routes()) {
    // PUT of a topic or scope makes the prober's own; the rest must not find anything.
    const bool names_object = route.pattern.find("/{", route.pattern.find("{tenant}") + 1) != std::string_view::npos;
    if (route.binding != Binding::tenant || !names_object) continue;
    const bool makes = route.method == Method::put && route.pattern.find("{subscription}") == std::string_view::npos;
    if (makes) continue;
    ++probed;
    std::string body = body_of(route);
    if (route.pattern.find("{subscription}") != std::string_view::npos && !body.empty()) {
      body = R"({"url":"https://taken.example/","topics":["**"]})";
    }
    const Reply reply = server_.call(to_text(route.method), mine.path(route, "other"), body);
    EXPECT_EQ(reply.status, 404) << to_text(route.method) << ' ' << route.pattern << ": " << reply.body;
  }
  EXPECT_GE(probed, 13u);
  EXPECT_EQ(server_.call("GET", "/api/v1/tenants/other/topics").body.find(mine.topic), std::string::npos);
  for (const std::string list : {"events", "deliveries", "subscriptions", "scopes", "automations", "jobs"}) {
    EXPECT_EQ(server_.call("GET", "/api/v1/tenants/other/" + list).body, R"({"items":[],"nextCursor":null})");
  }
  EXPECT_EQ(server_.call("GET", "/api/v1/tenants/other/deliveries?event=" + mine.event).body,
            R"({"items":[],"nextCursor":null})");
  EXPECT_EQ(server_.call("GET", "/api/v1/tenants/other/deliveries?subscription=" + mine.subscription).body,
            R"({"items":[],"nextCursor":null})");
  // The control: the owner finds all of it, unchanged.
  for (const auto& route : server_.router().routes()) {
    if (route.method != Method::get || route.binding != Binding::tenant) continue;
    EXPECT_EQ(server_.call("GET", mine.path(route, "default")).status, 200) << route.pattern;
  }
  EXPECT_NE(server_.call("GET", "/api/v1/tenants/default/subscriptions/" + mine.subscription).body.find("r.example"),
            std::string::npos);
  EXPECT_NE(server_.call("GET", "/api/v1/tenants/default/deliveries/" + mine.delivery).body.find("pending"), std::string::npos);
}

TEST_F(EveryRoute, AnswersMalformedAndUnknownIdsAlike) {
  for (const auto& route : server_.router().routes()) {
    const bool by_id = route.pattern.find("{subscription}") != std::string_view::npos ||
                       route.pattern.find("{event}") != std::string_view::npos ||
                       route.pattern.find("{job}") != std::string_view::npos ||
                       route.pattern.find("{delivery}") != std::string_view::npos;
    if (!by_id) continue;
    const std::string long_id(300, 'a');
    for (const std::string_view id :
         {std::string_view("x"), kUnknownId, std::string_view("0198f0a2-7c1e-4a3b-8d54-2f9c1e6b7a10"),
          std::string_view("..%2f"), std::string_view("%00"), std::string_view("-1"), std::string_view("'%3b--"),
          std::string_view(long_id)}) {
      EXPECT_EQ(server_.call(to_text(route.method), path_of(route, "default", id), body_of(route)).status, 404)
          << route.pattern << ' ' << id;
    }
  }
}

TEST_F(EveryRoute, BoundsItsBodyBeforeAnythingIsRead) {
  const auto limit = [&](std::string_view method, std::string_view path, std::string_view length, std::string_view key) {
    net::HttpRequest head;
    head.method = method;
    head.path = path;
    if (!length.empty()) head.headers.add("Content-Length", length);
    head.headers.add("Authorization", key);
    return server_.service().body_bytes_max(head);
  };
  const std::string key = "Bearer " + std::string(TestServer::kKey);
  const std::string_view batch = "/api/v1/tenants/default/events/batch";
  EXPECT_EQ(limit("POST", batch, "5000000", key), kBatchBodyBytesMax);
  EXPECT_EQ(limit("POST", batch, "", key), kBatchBodyBytesMax);
  EXPECT_EQ(limit("POST", batch, "5000000", "Bearer x"), kUnknownCallerBodyBytesMax);
  EXPECT_EQ(limit("POST", batch, "", ""), kUnknownCallerBodyBytesMax);
  EXPECT_EQ(limit("POST", "/api/v1/tenants/default/events", "", key), kEventBodyBytesMaxDefault + kEnvelopeBytesMax);
  EXPECT_EQ(limit("PUT", "/api/v1/tenants/default", "", key), kCatalogueBodyBytesMax);
  EXPECT_EQ(limit("POST", "/nowhere", "", key), kEnvelopeBytesMax);
  EXPECT_EQ(limit("GET", batch, "", key), kEnvelopeBytesMax);
}

// {"alg":"RS256","kid":"1"} . {"iss":"https://issuer.example","aud":"a","sub":"s","exp":4102444800} . no signature of anything
std::string token_of_an_issuer() {
  return "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ."
         "eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYSIsInN1YiI6InMiLCJleHAiOjQxMDI0NDQ4MDB9." +
         std::string(342, 'A');
}

TEST_F(EveryRoute, TakesTheWholeBodyOfATokenWhoseIssuersKeysAreNotFetchedYet) {
  net::HttpRequest head;
  head.method = "POST";
  head.path = "/api/v1/tenants/default/events/batch";
  head.headers.add("Content-Length", "5000000");
  const std::string authorization = "Bearer " + token_of_an_issuer();
  head.headers.add("Authorization", authorization);
  EXPECT_EQ(server_.service().body_bytes_max(head), kUnknownCallerBodyBytesMax) << "nobody trusts the issuer";
  ASSERT_EQ(
      server_
          .call(
              "POST", "/api/v1/issuers",
              R"({"issuer":"https://issuer.example","audiences":["a"],"jwksUrl":"https://issuer.example/keys","roles":["publisher"]})")
          .status,
      201);
  EXPECT_EQ(server_.service().body_bytes_max(head), kBatchBodyBytesMax);
}

TEST_F(EveryRoute, TellsAnUnknownCallerSoWhateverTheSizeOfTheBody) {
  net::HttpRequest head;
  head.method = "POST";
  head.path = "/api/v1/tenants/default/events/batch";
  head.peer = "192.0.2.7:5";
  head.headers.add("Authorization", "Bearer wrong");
  for (std::uint32_t i = 0; i < access::kBearerFailures.burst; ++i) {
    ASSERT_EQ(server_.service().refuse(413, "too much", &head).status, 401) << i;
  }
  EXPECT_EQ(server_.service().refuse(413, "too much", &head).status, 429) << "wrong keys are counted";
  net::HttpRequest known = head;
  known.headers = {};
  const std::string key = "Bearer " + std::string(TestServer::kKey);
  known.headers.add("Authorization", key);
  EXPECT_EQ(server_.service().refuse(413, "too much", &known).status, 413);
  known.path = "/oauth2/token";
  known.headers = {};
  EXPECT_EQ(server_.service().refuse(413, "too much", &known).status, 413) << "whoever calls it";
}

TEST_F(EveryRoute, RefusalsOfTheHttpServerAreProblemsToo) {
  const auto response = server_.service().refuse(413, "too much", nullptr);
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.content_type, "application/problem+json");
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].name, "X-Request-Id");
}

TEST_F(EveryRoute, RefusalsOfTheHttpServerLookLikeTheSurfaceThatWasMeant) {
  const auto refused = [this](int status, std::string_view path) {
    net::HttpRequest head;
    head.method = "POST";
    head.path = path;
    return server_.service().refuse(status, "too much", &head);
  };
  EXPECT_EQ(refused(413, "/api/v1/keys").content_type, "application/problem+json");
  EXPECT_EQ(refused(413, "/orangelogic/webapi").body,
            R"({"error":{"code":"payload_too_large","message":"too much","details":[]}})");
  EXPECT_EQ(refused(413, "/ovation/api/v3").body, R"({"errors":["too much"]})");
  EXPECT_EQ(refused(408, "/oauth2/token").status, 408);
  EXPECT_EQ(refused(505, "/ovation/api/v3").body, R"({"errors":["too much"]})");
}

}  // namespace
}  // namespace posthorn::api::native
