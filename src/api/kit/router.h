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
#include "api/kit/surface.h"
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
  server,         // about the server as a whole
  realm,          // what the principal may oversee: its own tenant, or the server when it has none; the handler filters
  tenant,         // the first path parameter names a tenant, which must be there
  tenant_or_new,  // the same, but one that is not there yet is about the server as a whole
  principal,      // the principal's own tenant; who has none selects by the header Posthorn-Tenant, or gets "default"
};
// How much of the tenant the call is about, for principals to whom single subscriptions are granted. A pattern with
// {subscription} is about that one; when it may name it by something else than its id, the reach is `filtered` too.
enum class Reach : std::uint8_t {
  whole,     // the tenant as a whole: who has only single subscriptions is refused
  filtered,  // the handler shows and touches only what RequestContext::reaches() allows
};
enum class BodyKind : std::uint8_t {
  none,            // a body is an error
  optional_empty,  // nothing, or a JSON object without members
  json,
  form,  // application/x-www-form-urlencoded
  any,   // the handler looks at the media type itself
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
  std::vector<std::string_view> query = {};  // parameters that it understands; others are errors, unless "*" stands here
  Handler handler = nullptr;
  Reach reach = Reach::whole;
  const Surface* surface = &kNativeSurface;  // static storage
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
  // Whose errors a path has that no route knows: the surface with the longest prefix of it, native when there is none.
  const Surface& surface_of(std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Node;
  struct Search;

  void insert(const Route& route);
  static bool descend(const Node& node, Search& search, std::size_t at, std::size_t parameters);

  std::vector<Route> routes_;
  std::vector<const Surface*> surfaces_;  // that have a prefix
  std::unique_ptr<Node> root_;
};

// "GET, HEAD, PUT, OPTIONS" for the Allow header.
std::string allow_header(std::uint8_t allowed);

}  // namespace posthorn::api
