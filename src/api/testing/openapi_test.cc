// The documents of the surfaces and their routes say the same, both ways.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "api/kit/docs_page.h"
#include "api/testing/openapi_check.h"
#include "api/testing/test_server.h"
#include "base/version.h"

namespace posthorn::api::testing {
namespace {

namespace bj = boost::json;

class OpenApi : public ::testing::TestWithParam<SurfaceDocument> {
 protected:
  const bj::object& document() const { return document_.get_object(); }

  const bj::object& resolved(const bj::object& object) const {
    const auto* reference = object.if_contains("$ref");
    // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): callers pass parts of the one document
    if (reference == nullptr) return object;
    std::string_view path = reference->get_string();
    path.remove_prefix(2);
    const bj::object* at = &document();
    while (!path.empty()) {
      const auto slash = path.find('/');
      at = &at->at(path.substr(0, slash)).get_object();
      path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return *at;
  }

  const bj::object& operation_of(const Route& route) const {
    return document().at("paths").at(route.pattern).at(to_ascii_lower(to_text(route.method))).get_object();
  }

  // Those of the surface that is tested.
  std::vector<const Route*> routes(const TestServer& server) const {
    std::vector<const Route*> mine;
    for (const auto& route : server.router().routes()) {
      if (&surface_of(route.pattern) == &surface_of(GetParam().json_path)) mine.push_back(&route);
    }
    return mine;
  }

  std::set<std::string> parameters_of(const bj::object& operation, std::string_view place) const {
    std::set<std::string> names;
    const auto* list = operation.if_contains("parameters");
    if (list == nullptr) return names;
    for (const auto& item : list->get_array()) {
      const auto& parameter = resolved(item.get_object());
      if (std::string_view(parameter.at("in").get_string()) == place) names.emplace(parameter.at("name").get_string());
    }
    return names;
  }

 private:
  bj::value document_ = bj::parse(GetParam().text());
};

INSTANTIATE_TEST_SUITE_P(EachSurface, OpenApi, ::testing::ValuesIn(surface_documents()),
                         [](const ::testing::TestParamInfo<SurfaceDocument>& surface) {
                           std::string name(surface.param.prefix.empty() ? "native" : surface.param.prefix.substr(1));
                           std::replace_if(name.begin(), name.end(), [](char c) { return c == '/' || c == '-'; }, '_');
                           return name;
                         });

TEST_P(OpenApi, HasEveryRouteAndNothingElse) {
  const TestServer server;
  std::set<std::string> made;
  for (const Route* route : routes(server)) {
    made.insert(to_ascii_lower(to_text(route->method)) + ' ' + std::string(route->pattern));
  }
  std::set<std::string> described;
  for (const auto& [path, item] : document().at("paths").get_object()) {
    for (const auto& [method, unused] : item.get_object()) described.insert(std::string(method) + ' ' + std::string(path));
  }
  EXPECT_EQ(made, described);
}

TEST_P(OpenApi, HasEachRoutesParametersBodyAndSecurity) {
  const TestServer server;
  for (const Route* each : routes(server)) {
    const Route& route = *each;
    SCOPED_TRACE(std::string(to_text(route.method)) + ' ' + std::string(route.pattern));
    const auto& operation = operation_of(route);
    const bool any_query = std::find(route.query.begin(), route.query.end(), "*") != route.query.end();
    if (!any_query) {
      EXPECT_EQ(parameters_of(operation, "query"), std::set<std::string>(route.query.begin(), route.query.end()));
    }
    std::set<std::string> in_path;
    for (auto at = route.pattern.find('{'); at != std::string_view::npos; at = route.pattern.find('{', at + 1)) {
      in_path.emplace(route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1));
    }
    EXPECT_EQ(parameters_of(operation, "path"), in_path);
    EXPECT_EQ(operation.contains("requestBody"), route.body != BodyKind::none && route.body != BodyKind::optional_empty);
    EXPECT_EQ(operation.contains("security"), !route.action.has_value());
    if (route.action) {
      for (const std::string_view status : {"401", "403", "404", "429"}) {
        EXPECT_TRUE(operation.at("responses").get_object().contains(status)) << status;
      }
    }
  }
}

TEST_P(OpenApi, IsOfTheProgramsVersion) {
  EXPECT_EQ(std::string_view(document().at("info").at("version").get_string()), kVersion);
  EXPECT_EQ(std::string_view(document().at("openapi").get_string()), "3.1.0");
}

TEST_P(OpenApi, IsServedAsItIsAndAsAPage) {
  TestServer server;
  const Reply json = server.call("GET", GetParam().json_path, {}, {{"Authorization", "none"}});
  EXPECT_EQ(json.status, 200);
  EXPECT_EQ(json.body, GetParam().text());
  const Reply page = server.call("GET", GetParam().page_path, {}, {{"Authorization", "none"}});
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Content-Security-Policy"), render_docs(GetParam().text()).security_policy);
  for (const Route* route : routes(server)) {
    EXPECT_NE(page.body.find(route->pattern), std::string::npos) << route->pattern;
    EXPECT_NE(page.body.find("id=\"" + std::string(operation_of(*route).at("operationId").get_string()) + "\""),
              std::string::npos);
  }
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
}

class NativeOpenApi : public OpenApi {};

// The document's example names objects that only a reader can have.
std::string grant_of_what_is_there(TestServer& server) {
  const std::string subscription =
      server.call("POST", "/api/v1/tenants/default/subscriptions", R"({"url":"https://r.example/","topics":["**"]})")
          .member("id");
  const std::string client = server.call("POST", "/api/v1/clients", R"({"name":"c","roles":["webhook_user"]})").member("id");
  return R"({"principal":")" + client + R"(","object":{"kind":"subscription","id":")" + subscription + "\"}}";
}

INSTANTIATE_TEST_SUITE_P(Native, NativeOpenApi, ::testing::Values(surface_documents().front()));

TEST_P(NativeOpenApi, ExamplesOfBodiesMeetTheirSchemas) {
  TestServer server;
  for (const std::string topic : {"document.created", "image.created"}) {
    ASSERT_EQ(server.call("PUT", "/api/v1/tenants/default/topics/" + topic, "{}").status, 201);
  }
  std::size_t sent = 0;
  for (const Route* each : routes(server)) {
    const Route& route = *each;
    if (route.body != BodyKind::json || route.method == Method::patch) continue;
    const auto& example = operation_of(route).at("requestBody").at("content").at("application/json").at("example");
    std::string path(route.pattern);
    for (const auto& [from, to] : {std::pair{"{tenant}", "default"}, {"{topic}", "document.created"}, {"{scope}", "press"}}) {
      if (const auto at = path.find(from); at != std::string::npos) path.replace(at, std::string_view(from).size(), to);
    }
    if (path.find('{') != std::string::npos) continue;
    ++sent;
    std::string body = bj::serialize(example);
    if (path == "/api/v1/grants") body = grant_of_what_is_there(server);
    const Reply reply = server.call(to_text(route.method), path, body);
    EXPECT_TRUE(reply.status >= 200 && reply.status < 300) << path << ": " << reply.body;
  }
  EXPECT_GE(sent, 6u);
}

}  // namespace
}  // namespace posthorn::api::testing
