#include "api/kit/router.h"

#include <gtest/gtest.h>

namespace posthorn::api {
namespace {

std::vector<Route> some_routes() {
  std::vector<Route> routes;
  for (const auto& [method, pattern] :
       std::vector<std::pair<Method, std::string_view>>{{Method::get, "/"},
                                                        {Method::get, "/a"},
                                                        {Method::put, "/a/{x}"},
                                                        {Method::get, "/a/{x}"},
                                                        {Method::post, "/a/{x}/events/batch"},
                                                        {Method::get, "/a/{x}/events/{event}"},
                                                        {Method::get, "/a/{x}/events/{event}/deliveries"}}) {
    routes.push_back({.method = method, .pattern = pattern});
  }
  return routes;
}

class RouterTest : public ::testing::Test {
 protected:
  // The pattern found, or the Allow header in brackets, or "none".
  std::string found(Method method, std::string_view path) {
    segments_ = PathSegments::split(path);
    if (!segments_) return "bad";
    match_ = router_.find(method, *segments_);
    if (match_.route != nullptr) return std::string(match_.route->pattern);
    return match_.allowed == 0 ? "none" : "[" + allow_header(match_.allowed) + "]";
  }

  Router router_{some_routes()};
  Result<PathSegments> segments_ = PathSegments();
  RouteMatch match_;
};

TEST_F(RouterTest, FindsRoutesByMethodAndPath) {
  EXPECT_EQ(found(Method::get, "/"), "/");
  EXPECT_EQ(found(Method::get, "/a"), "/a");
  EXPECT_EQ(found(Method::put, "/a/b"), "/a/{x}");
  EXPECT_EQ(match_.parameters[0], "b");
  EXPECT_EQ(found(Method::get, "/a/b/events/c/deliveries"), "/a/{x}/events/{event}/deliveries");
  EXPECT_EQ(match_.parameters[0], "b");
  EXPECT_EQ(match_.parameters[1], "c");
}

TEST_F(RouterTest, PrefersALiteralButFallsBackToTheParameterForOtherMethods) {
  EXPECT_EQ(found(Method::post, "/a/b/events/batch"), "/a/{x}/events/batch");
  EXPECT_EQ(found(Method::get, "/a/b/events/batch"), "/a/{x}/events/{event}");
  EXPECT_EQ(match_.parameters[1], "batch");
}

TEST_F(RouterTest, TellsAnUnknownPathFromAWrongMethod) {
  for (const std::string_view path :
       {"/b", "/a/", "//", "/a//events/x", "/A", "/a/b/events", "/a/b/c", "/a/b/events/c/deliveries/d"}) {
    EXPECT_EQ(found(Method::get, path), "none") << path;
  }
  EXPECT_EQ(found(Method::remove, "/a"), "[GET, HEAD, OPTIONS]");
  EXPECT_EQ(found(Method::post, "/a/b"), "[GET, HEAD, PUT, OPTIONS]");
  EXPECT_EQ(found(Method::put, "/a/b/events/batch"), "[GET, HEAD, POST, OPTIONS]");
}

TEST_F(RouterTest, DecodesEachSegmentOnceAndNeverSplitsAtADecodedSlash) {
  EXPECT_EQ(found(Method::get, "/a/b%2Fc"), "/a/{x}");
  EXPECT_EQ(match_.parameters[0], "b/c");
  EXPECT_EQ(found(Method::get, "/%61/x"), "/a/{x}");
  EXPECT_EQ(found(Method::get, "/a/%2541"), "/a/{x}");
  EXPECT_EQ(match_.parameters[0], "%41");
  EXPECT_EQ(found(Method::get, "/a/%2e%2e"), "/a/{x}");
  EXPECT_EQ(match_.parameters[0], "..");
}

TEST_F(RouterTest, RefusesBadPaths) {
  EXPECT_EQ(PathSegments::split("/a/%zz").error().kind, ErrorKind::malformed);
  EXPECT_EQ(PathSegments::split("").error().kind, ErrorKind::not_found);
  EXPECT_EQ(PathSegments::split("a").error().kind, ErrorKind::not_found);
  EXPECT_EQ(PathSegments::split("/1/2/3/4/5/6/7/8/9/10/11/12/13").error().kind, ErrorKind::not_found);
}

TEST(Method, ReadsHeadAsGetAndNothingElseThanItKnows) {
  EXPECT_EQ(parse_method("HEAD"), Method::get);
  EXPECT_EQ(parse_method("DELETE"), Method::remove);
  for (const std::string_view text : {"get", "TRACE", "OPTIONS", "CONNECT", "", "GETX"})
    EXPECT_FALSE(parse_method(text)) << text;
}

}  // namespace
}  // namespace posthorn::api
