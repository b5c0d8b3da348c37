// Router: finds the route of a request by method and path. A trie over the path's segments, built once, read by all.
//
// A pattern is literal segments and {parameters}: "/api/v1/tenants/{tenant}/topics/{topic}". A literal wins over a parameter.
// Segments are compared after percent-decoding, each once; an empty segment never matches, so "/a//b" and "/a/" are unknown.
// Every route declares what it does (`action`): that is what access decides by. A route without one is open to everybody.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/kit/context.h"
#include "domain/access/permit.h"
#include "net/http_server.h"
#include "net/task.h"

namespace posthorn::api {

enum class Method : std::uint8_t { get, put, post, patch, remove };
inline constexpr std::size_t kMethodCount = 5;

std::string_view to_text(Method method);  // "GET", …, "DELETE"
// HEAD is answered by the GET route. Nothing for methods that no route can have.
std::optional<Method> parse_method(std::string_view text);

enum class Binding : std::uint8_t {
  server,  // about the server as a whole
  tenant,  // the first path parameter names a tenant, which must be there
};
enum class BodyKind : std::uint8_t {
  none,            // a body is an error
  optional_empty,  // nothing, or a JSON object without members
  json,
};

using Answer = Result<net::HttpResponse>;
using Handler = std::function<net::Task<Answer>(RequestContext&)>;

struct Route {
  Method method = Method::get;
  std::string_view pattern;  // static storage
  std::optional<domain::Action> action = std::nullopt;
  Binding binding = Binding::server;
  BodyKind body = BodyKind::none;
  std::size_t body_bytes_max = 0;
  std::vector<std::string_view> query = {};  // parameters that it understands; others are errors
  Handler handler = nullptr;
};

struct RouteMatch {
  const Route* route = nullptr;                                 // null: see `allowed`
  std::array<std::string_view, kPathParametersMax> parameters;  // views into the segments given to find()
  std::uint8_t allowed = 0;                                     // a bit for each Method that the path has; 0: no such path
};

// The path's segments, decoded. Views into the path. Errors: not_found (no leading '/', too many segments), malformed
// (encoding).
class PathSegments {
 public:
  static Result<PathSegments> split(std::string_view path);
  std::size_t size() const { return count_; }
  std::string_view operator[](std::size_t i) const { return decoded_.empty() ? raw_[i] : std::string_view(decoded_[i]); }

 private:
  std::array<std::string_view, kPathSegmentsMax> raw_;
  std::vector<std::string> decoded_;  // filled only when something is encoded
  std::size_t count_ = 0;
};

class Router {
 public:
  // Two routes of one method and pattern are a broken invariant.
  explicit Router(std::vector<Route> routes);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router();

  RouteMatch find(Method method, const PathSegments& segments) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Node;
  struct Search;

  void insert(const Route& route);
  static bool descend(const Node& node, Search& search, std::size_t at, std::size_t parameters);

  std::vector<Route> routes_;
  std::unique_ptr<Node> root_;
};

// "GET, HEAD, PUT, OPTIONS" for the Allow header.
std::string allow_header(std::uint8_t allowed);

}  // namespace posthorn::api
