// Who may do what, over the whole service: roles, grants, other tenants, tokens, the log of changes.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>

#include "api/testing/test_server.h"
#include "base/text.h"

namespace posthorn::api::native {
namespace {

using testing::Headers;
using testing::Reply;
using testing::TestServer;

namespace bj = boost::json;

class Access : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const std::string tenant : {"acme", "other"}) {
      ASSERT_EQ(server_.call("PUT", "/api/v1/tenants/" + tenant, R"({"webhooksEnabled":true})").status, 201);
    }
  }
  // Answers the secret, and the id when it is asked for.
  std::string make_key(const std::string& tenant, const std::string& roles, std::string* id = nullptr) {
    const std::string owner = tenant.empty() ? "null" : '"' + tenant + '"';
    const Reply made =
        server_.call("POST", "/api/v1/keys", R"({"name":"k","tenant":)" + owner + R"(,"roles":[)" + roles + "]}");
    EXPECT_EQ(made.status, 201) << made.body;
    if (id != nullptr) *id = made.member("id");
    return made.member("key");
  }
  Reply call(const std::string& key, std::string_view method, const std::string& target, const std::string& body = {}) {
    return server_.call(method, target, body, {{"Authorization", "Bearer " + key}});
  }
  std::string subscribe(const std::string& tenant) {
    const Reply made = server_.call("POST", "/api/v1/tenants/" + tenant + "/subscriptions",
                                    R"({"url":"https://r.example/","topics":["**"],"signatures":["v1","v1a"]})");
    EXPECT_EQ(made.status, 201) << made.body;
    return made.member("id");
  }
  static std::set<std::string> ids_in(const Reply& reply) {
    std::set<std::string> ids;
    const bj::value page = bj::parse(reply.body);
    for (const auto& item : page.at("items").get_array()) ids.emplace(item.at("id").get_string());
    return ids;
  }

  TestServer server_;
};

TEST_F(Access, GivesEachRoleItsOwnCalls) {
  const std::string base = "/api/v1/tenants/acme";
  ASSERT_EQ(server_.call("PUT", base + "/topics/a.b", "{}").status, 201);
  const std::string event = R"({"topic":"a.b","data":1})";
  const std::string subscription = R"({"url":"https://r.example/","topics":["**"]})";
  struct Row {
    std::string method, target, body;
    std::map<std::string, int> status;  // by role
  };
  const std::vector<std::string> roles{"admin", "webhook_admin", "webhook_user", "publisher", "worker", "viewer"};
  const auto statuses = [&](std::vector<int> list) {
    std::map<std::string, int> all;
    for (std::size_t i = 0; i < roles.size(); ++i) all[roles[i]] = list[i];
    return all;
  };
  const std::vector<Row> rows{
      {"GET", base, "", statuses({200, 200, 200, 200, 200, 200})},
      {"PATCH", base, "{}", statuses({200, 403, 403, 403, 403, 403})},
      {"DELETE", base, "", statuses({403, 403, 403, 403, 403, 403})},
      {"GET", base + "/topics", "", statuses({200, 200, 200, 200, 200, 200})},
      {"PUT", base + "/topics/a.b", "{}", statuses({200, 200, 403, 403, 403, 403})},
      {"GET", base + "/subscriptions", "", statuses({200, 200, 200, 403, 403, 200})},
      {"POST", base + "/subscriptions", subscription, statuses({201, 201, 403, 403, 403, 403})},
      {"POST", base + "/events", event, statuses({202, 403, 403, 202, 403, 403})},
      {"GET", base + "/events", "", statuses({200, 200, 403, 403, 403, 200})},
      {"GET", base + "/deliveries", "", statuses({200, 200, 200, 403, 403, 200})},
      {"GET", base + "/audit", "", statuses({200, 403, 403, 403, 403, 403})},
      {"GET", "/api/v1/clients", "", statuses({200, 403, 403, 403, 403, 403})},
      {"POST", "/api/v1/keys", R"({"name":"n","roles":["viewer"]})", statuses({201, 403, 403, 403, 403, 403})},
      {"GET", "/api/v1/tenants", "", statuses({200, 200, 200, 200, 200, 200})},
      {"GET", "/metrics", "", statuses({404, 404, 404, 404, 404, 404})},
  };
  for (const auto& role : roles) {
    const std::string key = make_key("acme", '"' + role + '"');
    for (const auto& row : rows) {
      EXPECT_EQ(call(key, row.method, row.target, row.body).status, row.status.at(role))
          << role << ' ' << row.method << ' ' << row.target;
    }
  }
}

TEST_F(Access, ShowsAWebhookUserOnlyWhatIsGranted) {
  const std::string base = "/api/v1/tenants/acme";
  ASSERT_EQ(server_.call("PUT", base + "/topics/a.b", "{}").status, 201);
  const std::string granted = subscribe("acme");
  const std::string hidden = subscribe("acme");
  std::string id;
  const std::string key = make_key("acme", R"("webhook_user")", &id);
  EXPECT_EQ(ids_in(call(key, "GET", base + "/subscriptions")), std::set<std::string>());
  const Reply made = server_.call("POST", "/api/v1/grants",
                                  R"({"principal":")" + id + R"(","object":{"kind":"subscription","id":")" + granted + "\"}}");
  ASSERT_EQ(made.status, 201) << made.body;
  ASSERT_EQ(server_.call("POST", base + "/events", R"({"topic":"a.b","data":1})").status, 202);

  EXPECT_EQ(ids_in(call(key, "GET", base + "/subscriptions")), std::set<std::string>{granted});
  EXPECT_EQ(call(key, "GET", base + "/subscriptions/" + granted).status, 200);
  EXPECT_EQ(call(key, "PATCH", base + "/subscriptions/" + granted, R"({"description":"mine"})").status, 200);
  for (const std::string_view method : {"GET", "PUT", "PATCH", "DELETE"}) {
    const bool with_body = method == "PUT" || method == "PATCH";
    const Reply reply = call(key, method, base + "/subscriptions/" + hidden, with_body ? "{}" : "");
    const Reply unknown = call(key, method, base + "/subscriptions/nobody", with_body ? "{}" : "");
    EXPECT_EQ(reply.status, 404) << method;
    EXPECT_EQ(bj::parse(reply.body).at("detail"), bj::parse(unknown.body).at("detail"));
    EXPECT_EQ(bj::parse(reply.body).at("code"), bj::parse(unknown.body).at("code"));
  }
  ASSERT_EQ(server_.call("PATCH", base + "/subscriptions/" + hidden, R"({"uid":"secret-one"})").status, 200);
  ASSERT_EQ(server_.call("PATCH", base + "/subscriptions/" + granted, R"({"uid":"my-own"})").status, 200);
  EXPECT_EQ(call(key, "GET", base + "/subscriptions/secret-one").status, 404);
  EXPECT_EQ(call(key, "GET", base + "/subscriptions/my-own").status, 200);
  const auto all = ids_in(server_.call("GET", base + "/deliveries"));
  const auto mine = ids_in(call(key, "GET", base + "/deliveries"));
  EXPECT_EQ(all.size(), 2u);
  ASSERT_EQ(mine.size(), 1u);
  for (const auto& delivery : all) {
    const bool is_mine = mine.contains(delivery);
    EXPECT_EQ(call(key, "GET", base + "/deliveries/" + delivery).status, is_mine ? 200 : 404);
    EXPECT_EQ(call(key, "GET", base + "/deliveries/" + delivery + "/attempts").status, is_mine ? 200 : 404);
    EXPECT_EQ(call(key, "POST", base + "/deliveries/" + delivery + "/cancel").status, is_mine ? 202 : 404);
  }
  EXPECT_TRUE(ids_in(call(key, "GET", base + "/deliveries?subscription=" + hidden)).empty());

  EXPECT_EQ(server_.call("DELETE", "/api/v1/grants/" + made.member("id")).status, 204);
  EXPECT_EQ(call(key, "GET", base + "/subscriptions/" + granted).status, 404);
}

// Every object of a tenant that a path can name.
std::string path_of(const Route& route, const std::map<std::string, std::string, std::less<>>& objects) {
  std::string path(route.pattern);
  const bool polls = path.find("{subscription}/poll") != std::string::npos;
  for (const auto& [name, value] : objects) {
    const std::string place = polls && name == "polled" ? "{subscription}" : '{' + name + '}';
    if (const auto at = path.find(place); at != std::string::npos) path.replace(at, place.size(), value);
  }
  return path;
}

TEST_F(Access, HidesEverythingOfAnotherTenant) {
  std::map<std::string, std::string, std::less<>> theirs{{"tenant", "acme"}, {"topic", "a.b"}, {"scope", "s"}};
  const std::string base = "/api/v1/tenants/acme";
  ASSERT_EQ(server_.call("PUT", base + "/topics/a.b", "{}").status, 201);
  ASSERT_EQ(server_.call("PUT", base + "/scopes/s", "{}").status, 201);
  theirs["subscription"] = subscribe("acme");
  theirs["polled"] = server_.call("POST", base + "/subscriptions", R"({"kind":"poll","topics":["a.b"]})").member("id");
  theirs["event"] = server_.call("POST", base + "/events", R"({"topic":"a.b","data":1})").member("id");
  theirs["delivery"] = *ids_in(server_.call("GET", base + "/deliveries")).begin();
  make_key("acme", R"("webhook_user")", &theirs["key"]);
  theirs["client"] = server_.call("POST", "/api/v1/clients", R"({"name":"c","tenant":"acme","roles":["viewer"]})").member("id");
  theirs["grant"] = server_
                        .call("POST", "/api/v1/grants",
                              R"({"principal":")" + theirs["key"] + R"(","object":{"kind":"subscription","id":")" +
                                  theirs["subscription"] + "\"}}")
                        .member("id");
  theirs["issuer"] = server_
                         .call("POST", "/api/v1/issuers",
                               R"({"tenant":"acme","issuer":"https://i.example","audiences":["a"],"roles":["viewer"],)"
                               R"("jwksUrl":"https://i.example/keys"})")
                         .member("id");
  const std::string stranger = make_key("other", R"("admin","webhook_admin","publisher","viewer")");
  std::size_t probed = 0;
  for (const auto& route : server_.router().routes()) {
    if (!route.action || route.pattern.find('{') == std::string_view::npos) continue;
    const std::string path = path_of(route, theirs);
    if (path.find('{') != std::string::npos) continue;  // objects that have a probe of their own
    ++probed;
    const Reply reply = call(stranger, to_text(route.method), path, route.body == BodyKind::json ? "{}" : "");
    EXPECT_EQ(reply.status, 404) << to_text(route.method) << ' ' << path << ": " << reply.body;
    // In the stranger's own tenant the others' objects are not there either.
    auto mixed = theirs;
    mixed["tenant"] = "other";
    const bool makes = route.method == Method::put && route.pattern.find("{subscription}") == std::string_view::npos;
    const bool names_object = route.pattern.find("{tenant}/") != std::string_view::npos &&
                              route.pattern.find('{', route.pattern.find("{tenant}") + 1) != std::string_view::npos;
    if (makes || !names_object) continue;
    const Reply inside = call(stranger, to_text(route.method), path_of(route, mixed),
                              route.body == BodyKind::json ? R"({"url":"https://x.example/","topics":["**"]})" : "");
    EXPECT_EQ(inside.status, 404) << to_text(route.method) << ' ' << path_of(route, mixed) << ": " << inside.body;
  }
  EXPECT_GE(probed, 35u);
  // Lists of the realm show nothing of it.
  for (const std::string list : {"clients", "grants", "issuers"}) {
    EXPECT_TRUE(ids_in(call(stranger, "GET", "/api/v1/" + list)).empty()) << list;
  }
  EXPECT_EQ(ids_in(call(stranger, "GET", "/api/v1/keys")).size(), 1u);  // its own
  EXPECT_EQ(ids_in(call(stranger, "GET", "/api/v1/tenants")), std::set<std::string>{"other"});
  const bj::value log = bj::parse(call(stranger, "GET", "/api/v1/audit").body);
  for (const auto& item : log.at("items").get_array()) {
    EXPECT_EQ(item.at("tenant"), "other");
  }
  // What it makes, it makes in its own tenant.
  for (const std::string tenant : {R"("acme")", R"("nobody")"}) {
    EXPECT_EQ(call(stranger, "POST", "/api/v1/keys", R"({"name":"n","roles":["admin"],"tenant":)" + tenant + "}").status, 404);
  }
  EXPECT_EQ(call(stranger, "POST", "/api/v1/keys", R"({"name":"n","roles":["admin"],"tenant":null})").status, 422);
  const Reply own = call(stranger, "POST", "/api/v1/keys", R"({"name":"n","roles":["viewer"]})");
  EXPECT_EQ(own.member("tenant"), "other");
  EXPECT_EQ(call(stranger, "POST", "/api/v1/grants",
                 R"({"principal":")" + theirs["key"] + R"(","object":{"kind":"subscription","id":")" + theirs["subscription"] +
                     "\"}}")
                .status,
            404);
  // The control: the owner's administrator finds all of it.
  const std::string owner = make_key("acme", R"("admin")");
  for (const auto& route : server_.router().routes()) {
    if (route.method != Method::get || !route.action || route.pattern.find('{') == std::string_view::npos) continue;
    const std::string path = path_of(route, theirs);
    if (path.find('{') != std::string::npos) continue;
    EXPECT_EQ(call(owner, "GET", path).status, 200) << path;
  }
}

TEST_F(Access, TradesAClientsSecretForTokensThatWork) {
  const Reply made = server_.call("POST", "/api/v1/clients", R"({"name":"c","tenant":"acme","roles":["publisher","viewer"]})");
  const std::string form = "grant_type=client_credentials&client_id=" + made.member("id") + "&client_secret=";
  const auto trade = [&](const std::string& secret, const std::string& more = {}) {
    return server_.call("POST", "/oauth2/token", form + secret + more,
                        {{"Authorization", "none"}, {"Content-Type", "application/x-www-form-urlencoded"}});
  };
  const Reply issued = trade(made.member("secret"), "&scope=viewer");
  ASSERT_EQ(issued.status, 200) << issued.body;
  EXPECT_EQ(issued.member("token_type"), "Bearer");
  EXPECT_EQ(issued.member("scope"), "viewer");
  EXPECT_EQ(issued.header("Cache-Control"), "no-store");
  const std::string token = issued.member("access_token");
  EXPECT_EQ(call(token, "GET", "/api/v1/tenants/acme/subscriptions").status, 200);
  EXPECT_EQ(call(token, "POST", "/api/v1/tenants/acme/events", R"({"topic":"a.b","data":1})").status, 403);
  EXPECT_EQ(call(token, "GET", "/api/v1/tenants/other").status, 404);

  const Reply wrong = trade("wrong");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.member("error"), "invalid_client");
  EXPECT_EQ(wrong.header("WWW-Authenticate"), "Basic realm=\"posthorn\"");
  EXPECT_EQ(trade(made.member("secret"), "&scope=admin").member("error"), "invalid_scope");

  const std::string one = "/api/v1/clients/" + made.member("id");
  const Reply rotated = server_.call("POST", one + "/rotate-secret", R"({"overlapSeconds":0})");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  EXPECT_EQ(trade(made.member("secret")).status, 401);
  EXPECT_EQ(trade(rotated.member("secret")).status, 200);
  EXPECT_EQ(call(token, "GET", "/api/v1/tenants/acme").status, 200);
  EXPECT_EQ(server_.call("DELETE", one).status, 204);
  EXPECT_EQ(call(token, "GET", "/api/v1/tenants/acme").status, 401);
}

TEST_F(Access, ShowsASecretOnceAndKeepsNoneOfIt) {
  const Reply client = server_.call("POST", "/api/v1/clients", R"({"name":"c","roles":["viewer"]})");
  const Reply key = server_.call("POST", "/api/v1/keys", R"({"name":"k","roles":["viewer"]})");
  const std::string rest = server_.call("GET", "/api/v1/clients").body + server_.call("GET", "/api/v1/keys").body +
                           server_.call("GET", "/api/v1/clients/" + client.member("id")).body +
                           server_.call("GET", "/api/v1/keys/" + key.member("id")).body +
                           server_.call("GET", "/api/v1/audit").body;
  EXPECT_EQ(rest.find(client.member("secret")), std::string::npos);
  EXPECT_EQ(rest.find(key.member("key")), std::string::npos);
  EXPECT_NE(rest.find(client.member("id")), std::string::npos);
}

TEST_F(Access, RevokesKeysAtOnceAndEndsThemInTime) {
  std::string id;
  const std::string key = make_key("acme", R"("viewer")", &id);
  EXPECT_EQ(call(key, "GET", "/api/v1/tenants/acme").status, 200);
  EXPECT_NE(server_.call("GET", "/api/v1/keys/" + id).body.find(R"("lastUsedAt":")"), std::string::npos);
  EXPECT_EQ(server_.call("PATCH", "/api/v1/keys/" + id, R"({"roles":["publisher"]})").status, 200);
  EXPECT_EQ(call(key, "GET", "/api/v1/tenants/acme/subscriptions").status, 403);
  EXPECT_EQ(server_.call("DELETE", "/api/v1/keys/" + id).status, 204);
  EXPECT_EQ(call(key, "GET", "/api/v1/tenants/acme").status, 401);

  const std::string until = to_rfc3339(server_.clock().wall_now() + std::chrono::minutes(5));
  const Reply brief = server_.call("POST", "/api/v1/keys", R"({"name":"k","roles":["viewer"],"expiresAt":")" + until + "\"}");
  EXPECT_EQ(call(brief.member("key"), "GET", "/api/v1/tenants/acme").status, 200);
  server_.clock().advance(std::chrono::minutes(5));
  EXPECT_EQ(call(brief.member("key"), "GET", "/api/v1/tenants/acme").status, 401);
}

TEST_F(Access, EndsWithTheTenant) {
  const std::string key = make_key("acme", R"("admin")");
  EXPECT_EQ(call(key, "GET", "/api/v1/tenants/acme").status, 200);
  ASSERT_EQ(server_.call("DELETE", "/api/v1/tenants/acme").status, 204);
  EXPECT_EQ(call(key, "GET", "/api/v1/tenants/acme").status, 401);
  ASSERT_EQ(server_.call("PUT", "/api/v1/tenants/acme", "{}").status, 201);
  EXPECT_EQ(call(key, "GET", "/api/v1/tenants/acme").status, 401);
}

TEST_F(Access, RecordsWhoChangedWhatWithBeforeAndAfter) {
  const std::string base = "/api/v1/tenants/acme";
  const auto newest = [&](const std::string& tenant = "acme") {
    return bj::parse(server_.call("GET", "/api/v1/tenants/" + tenant + "/audit?limit=1").body).at("items").at(0);
  };
  server_.call("PUT", base + "/topics/a.b", R"({"description":"one"})", {{"X-Request-Id", "r-1"}});
  auto entry = newest();
  EXPECT_EQ(entry.at("principal").at("id"), "admin");
  EXPECT_EQ(entry.at("principal").at("kind"), "administrator");
  EXPECT_EQ(entry.at("surface"), "native");
  EXPECT_EQ(entry.at("action"), "write_topics");
  EXPECT_EQ(entry.at("requestId"), "r-1");
  EXPECT_EQ(entry.at("object").at("kind"), "topic");
  EXPECT_EQ(entry.at("object").at("id"), "a.b");
  EXPECT_TRUE(entry.at("before").is_null());
  EXPECT_EQ(entry.at("after").at("description"), "one");
  server_.call("PATCH", base + "/topics/a.b", R"({"description":"two"})");
  entry = newest();
  EXPECT_EQ(entry.at("before").at("description"), "one");
  EXPECT_EQ(entry.at("after").at("description"), "two");
  server_.call("DELETE", base + "/topics/a.b");
  EXPECT_TRUE(newest().at("after").is_null());

  const std::string key = make_key("acme", R"("webhook_admin")");
  const Reply made = call(key, "POST", base + "/subscriptions",
                          R"({"url":"https://r.example/","topics":["**"],"headers":{"X-Key":"hidden value"}})");
  entry = newest();
  EXPECT_EQ(entry.at("principal").at("kind"), "key");
  EXPECT_EQ(entry.at("object").at("id"), bj::string(made.member("id")));
  EXPECT_EQ(bj::string(entry.at("after").at("headers").at("X-Key").get_string()), "***");
  server_.call("PATCH", base, R"({"name":"Acme"})");
  EXPECT_EQ(newest().at("object").at("kind"), "tenant");
  server_.call("PUT", base + "/scopes/s", "{}");
  EXPECT_EQ(newest().at("object").at("kind"), "scope");
}

TEST_F(Access, LeavesAnEntryForEveryCallThatChanges) {
  const std::string base = "/api/v1/tenants/acme";
  const auto count = [&] {
    return bj::parse(server_.call("GET", "/api/v1/audit?limit=250").body).at("items").get_array().size();
  };
  ASSERT_EQ(server_.call("PUT", base + "/topics/a.b", "{}").status, 201);
  ASSERT_EQ(server_.call("PUT", base + "/topics/a.c", "{}").status, 201);
  const std::string subscription = subscribe("acme");
  const Reply published = server_.call("POST", base + "/events", R"({"topic":"a.b","data":1})");
  ASSERT_EQ(published.status, 202);
  const std::string event = published.member("id");
  const std::string delivery = *ids_in(server_.call("GET", base + "/deliveries")).begin();
  std::string key;
  make_key("acme", R"("webhook_user")", &key);
  const std::string client = server_.call("POST", "/api/v1/clients", R"({"name":"c","roles":["viewer"]})").member("id");
  const std::string grant = R"({"principal":")" + key + R"(","object":{"kind":"subscription","id":")" + subscription + "\"}}";
  const std::string issuer = R"({"issuer":"i","audiences":["a"],"jwksUrl":"https://i.example/","roles":["viewer"]})";
  std::size_t before = count();
  const auto changes = [&](std::string_view method, const std::string& target, const std::string& body) {
    const Reply reply = server_.call(method, target, body);
    EXPECT_LT(reply.status, 300) << method << ' ' << target << reply.body;
    const std::size_t now = count();
    EXPECT_EQ(now, before + 1) << method << ' ' << target;
    before = now;
    return reply;
  };
  changes("PATCH", "/api/v1/clients/" + client, R"({"name":"d"})");
  changes("POST", "/api/v1/clients/" + client + "/rotate-secret", "{}");
  changes("DELETE", "/api/v1/clients/" + client, "");
  const std::string granted = changes("POST", "/api/v1/grants", grant).member("id");
  changes("DELETE", "/api/v1/grants/" + granted, "");
  const std::string trusted = changes("POST", "/api/v1/issuers", issuer).member("id");
  changes("PATCH", "/api/v1/issuers/" + trusted, R"({"name":"n"})");
  changes("DELETE", "/api/v1/issuers/" + trusted, "");
  changes("PATCH", "/api/v1/keys/" + key, R"({"name":"d"})");
  changes("DELETE", "/api/v1/keys/" + key, "");
  changes("PUT", base + "/automations/rule", R"({"topics":["a.b"],"publish":{"topic":"a.c","data":1}})");
  changes("PATCH", base + "/automations/rule", R"({"publish":{"topic":"a.c","data":2}})");
  const auto newest = [&](const char* side) {
    return bj::parse(server_.call("GET", "/api/v1/audit?limit=1").body).at("items").at(0).at(side);
  };
  EXPECT_EQ(newest("before").at("publish").at("data"), bj::value(1));
  EXPECT_EQ(newest("after").at("publish").at("data"), bj::value(2));
  changes("DELETE", base + "/automations/rule", "");
  changes("POST", base + "/deliveries/" + delivery + "/cancel", "");
  EXPECT_EQ(newest("before").at("status"), "pending");
  EXPECT_EQ(newest("after").at("status"), "cancelled");
  changes("POST", base + "/deliveries/" + delivery + "/resend", "");
  EXPECT_EQ(newest("before").at("status"), "cancelled");
  EXPECT_EQ(newest("after").at("status"), "pending");
  changes("POST", base + "/subscriptions/" + subscription + "/recover", R"({"since":"2023-01-31T10:00:00Z"})");
  EXPECT_TRUE(newest("before").is_null());
  EXPECT_EQ(newest("after").at("kind"), "recover");
  changes("POST", base + "/events/" + event + "/expunge", "");
  EXPECT_EQ(newest("before").at("dataExpunged"), bj::value(false));
  EXPECT_EQ(newest("after").at("dataExpunged"), bj::value(true));
  changes("DELETE", base + "/subscriptions/" + subscription, "");
  changes("DELETE", base, "");
  // What changes nothing leaves nothing.
  EXPECT_EQ(server_.call("PATCH", "/api/v1/tenants/other", R"({"name":1})").status, 422);
  EXPECT_EQ(server_.call("GET", "/api/v1/tenants").status, 200);
  EXPECT_EQ(count(), before);
}

TEST_F(Access, RefusesPublishingWhileWebhooksAreOffButNotPreparing) {
  ASSERT_EQ(server_.call("PUT", "/api/v1/tenants/quiet", "{}").status, 201);
  const std::string base = "/api/v1/tenants/quiet";
  EXPECT_EQ(server_.call("PUT", base + "/topics/a.b", "{}").status, 201);
  subscribe("quiet");
  const Reply refused = server_.call("POST", base + "/events", R"({"topic":"a.b","data":1})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.member("code"), "webhooks_disabled");
  EXPECT_NE(refused.member("detail").find("switched off"), std::string::npos);
  EXPECT_EQ(server_.call("PATCH", base, R"({"webhooksEnabled":true})").status, 200);
  EXPECT_EQ(server_.call("POST", base + "/events", R"({"topic":"a.b","data":1})").status, 202);
}

TEST_F(Access, TellsWhichFieldOfAnAccountOrIssuerIsWrong) {
  const auto field = [&](const std::string& list, const std::string& body) {
    const Reply reply = server_.call("POST", "/api/v1/" + list, body);
    return std::to_string(reply.status) + ' ' + reply.field();
  };
  EXPECT_EQ(field("clients", R"({"roles":["viewer"]})"), "422 name");
  EXPECT_EQ(field("clients", R"({"name":"n"})"), "422 roles");
  EXPECT_EQ(field("clients", R"({"name":"n","roles":[]})"), "422 roles");
  EXPECT_EQ(field("clients", R"({"name":"n","roles":["viewer","root"]})"), "422 roles/1");
  EXPECT_EQ(field("clients", R"({"name":"n","roles":["viewer"],"tenant":"nobody"})"), "404 tenant");
  EXPECT_EQ(field("clients", R"({"name":"n","roles":["viewer"],"secret":"mine"})"), "422 secret");
  EXPECT_EQ(field("keys", R"({"name":"n","roles":["viewer"],"expiresAt":"soon"})"), "422 expiresAt");
  EXPECT_EQ(field("grants", R"({"principal":"x"})"), "422 object");
  EXPECT_EQ(field("grants", R"({"principal":"x","object":{"kind":"topic","id":"y"}})"), "422 object/kind");
  EXPECT_EQ(field("grants", R"({"principal":"x","object":{"kind":"subscription","id":"y"}})"), "404 object/id");
  const std::string subscription = subscribe("acme");
  EXPECT_EQ(field("grants", R"({"principal":"x","object":{"kind":"subscription","id":")" + subscription + "\"}}"),
            "404 principal");
  EXPECT_EQ(field("issuers", R"({"issuer":"i"})"), "422 audiences");
  EXPECT_EQ(field("issuers", R"({"issuer":"i","audiences":["a"],"jwksUrl":"http://i.example/","roles":["viewer"]})"),
            "422 jwksUrl");
  EXPECT_EQ(field("issuers", R"({"issuer":"i","audiences":["a"],"jwksUrl":"https://i.example/","roles":["viewer"],)"
                             R"("tenant":"acme","tenantClaim":"tid"})"),
            "422 tenantClaim");
}

TEST_F(Access, DescribesTheAuthorizationServer) {
  const Reply metadata = server_.call("GET", "/.well-known/oauth-authorization-server", {},
                                      {{"Authorization", "none"}, {"Host", "hooks.example:8443"}});
  ASSERT_EQ(metadata.status, 200);
  EXPECT_EQ(metadata.member("issuer"), "http://hooks.example:8443");
  EXPECT_EQ(metadata.member("token_endpoint"), "http://hooks.example:8443/oauth2/token");
  EXPECT_EQ(server_.call("GET", "/.well-known/oauth-authorization-server", {}, {{"Host", "a b\"<"}}).status, 404);
  const Reply keys = server_.call("GET", "/.well-known/jwks.json", {}, {{"Authorization", "none"}});
  EXPECT_EQ(keys.status, 200);
  EXPECT_NE(keys.body.find(R"("alg":"ES256")"), std::string::npos);
}

}  // namespace
}  // namespace posthorn::api::native
