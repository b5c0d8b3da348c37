#include "api/kit/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace posthorn::api {
namespace {

constexpr std::array<Method, kMethodCount> kMethods{Method::get, Method::put, Method::post, Method::patch, Method::remove};

std::size_t index_of(Method method) { return static_cast<std::size_t>(method); }
std::uint8_t bit_of(Method method) { return static_cast<std::uint8_t>(1u << index_of(method)); }
bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

}  // namespace

std::string_view to_text(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::patch:
      return "PATCH";
    case Method::remove:
      return "DELETE";
  }
  return "";
}

std::optional<Method> parse_method(std::string_view text) {
  if (text == "HEAD") return Method::get;
  for (const Method method : kMethods) {
    if (to_text(method) == text) return method;
  }
  return std::nullopt;
}

std::string allow_header(std::uint8_t allowed) {
  std::string text;
  for (const Method method : kMethods) {
    if ((allowed & bit_of(method)) == 0) continue;
    text += to_text(method);
    text += method == Method::get ? ", HEAD, " : ", ";
  }
  return text + "OPTIONS";
}

Result<PathSegments> PathSegments::split(std::string_view path) {
  if (!path.starts_with('/')) return not_found("There is nothing at this path.");
  PathSegments segments;
  const bool encoded = path.find('%') != std::string_view::npos;
  path.remove_prefix(1);
  while (true) {
    if (segments.count_ == kPathSegmentsMax) return not_found("There is nothing at this path.");
    const auto end = path.find('/');
    segments.raw_[segments.count_++] = path.substr(0, end);
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  if (encoded) {
    for (std::size_t i = 0; i < segments.count_; ++i) {
      auto decoded = percent_decode(segments.raw_[i]);
      if (!decoded) return decoded.error();
      segments.decoded_.push_back(std::move(*decoded));
    }
  }
  return segments;
}

struct Router::Node {
  std::vector<std::pair<std::string_view, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::array<const Route*, kMethodCount> routes{};
};

struct Router::Search {
  Method method;
  const PathSegments& segments;
  RouteMatch match;
};

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)), root_(std::make_unique<Node>()) {
  for (const auto& route : routes_) {
    insert(route);
    const bool known = std::find(surfaces_.begin(), surfaces_.end(), route.surface) != surfaces_.end();
    if (!known && !route.surface->prefix.empty()) surfaces_.push_back(route.surface);
  }
}

Router::~Router() = default;

void Router::insert(const Route& route) {
  const auto segments = PathSegments::split(route.pattern);
  POSTHORN_CHECK(segments.has_value());
  Node* node = root_.get();
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const std::string_view segment = (*segments)[i];
    std::unique_ptr<Node>* place = &node->parameter;
    if (!is_parameter(segment)) {
      place = nullptr;
      for (auto& [literal, child] : node->literals) {
        if (literal == segment) place = &child;
      }
      if (place == nullptr) place = &node->literals.emplace_back(segment, nullptr).second;
    }
    if (*place == nullptr) *place = std::make_unique<Node>();
    node = place->get();
  }
  POSTHORN_CHECK(node->routes[index_of(route.method)] == nullptr);
  node->routes[index_of(route.method)] = &route;
}

bool Router::descend(const Node& node, Search& search, std::size_t at, std::size_t parameters) {
  if (at == search.segments.size()) {
    for (const Method method : kMethods) {
      if (node.routes[index_of(method)] != nullptr) search.match.allowed |= bit_of(method);
    }
    search.match.route = node.routes[index_of(search.method)];
    return search.match.route != nullptr;
  }
  const std::string_view segment = search.segments[at];
  for (const auto& [literal, child] : node.literals) {
    if (literal == segment && descend(*child, search, at + 1, parameters)) return true;
  }
  if (node.parameter == nullptr || segment.empty() || parameters == kPathParametersMax) return false;
  search.match.parameters[parameters] = segment;
  return descend(*node.parameter, search, at + 1, parameters + 1);
}

const Surface& Router::surface_of(std::string_view path) const {
  const Surface* best = &kNativeSurface;
  for (const Surface* surface : surfaces_) {
    const std::string_view prefix = surface->prefix;
    const bool below = path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
    if (below && prefix.size() > best->prefix.size()) best = surface;
  }
  return *best;
}

RouteMatch Router::find(Method method, const PathSegments& segments) const {
  Search search{method, segments, {}};
  descend(*root_, search, 0, 0);
  return search.match;
}

}  // namespace posthorn::api
