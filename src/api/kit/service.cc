#include "api/kit/service.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/problem.h"
#include "observe/log.h"

namespace posthorn::api {
namespace {

bool is_request_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.:+/=").find(c) != std::string_view::npos;
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdBytesMax && std::all_of(text.begin(), text.end(), is_request_id_character);
}

// Whether the head promises a body so small that it may be read before the caller is known.
bool promises_small_body(const net::HttpRequest& head) {
  if (head.headers.find("Content-Encoding").data() != nullptr) return false;
  const auto text = head.headers.find("Content-Length");
  std::size_t length = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
  return !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size() &&
         length <= kUnknownCallerBodyBytesMax;
}

bool is_blank_object(std::string_view body) {
  const auto object = read_object(body);
  return object && object->empty();
}

Status check_body(const Route& route, const net::HttpRequest& request) {
  switch (route.body) {
    case BodyKind::none:
      if (request.body.empty()) return {};
      return Error{ErrorKind::malformed, "unexpected_body", "This call takes no body.", {}, {}};
    case BodyKind::optional_empty:
      if (request.body.empty() || is_blank_object(request.body)) return {};
      return Error{ErrorKind::malformed, "unexpected_body", "This call takes no body, or an empty JSON object.", {}, {}};
    case BodyKind::json:
      if (is_json_media_type(request.headers.find("Content-Type"))) return {};
      return unsupported_media_type();
  }
  return {};
}

Result<Query> read_query(const Route& route, std::string_view text) {
  if (text.empty()) return Query();
  auto pairs = parse_query(text);
  if (!pairs) return std::move(pairs).error();
  for (const auto& [name, value] : *pairs) {
    if (std::find(route.query.begin(), route.query.end(), name) == route.query.end()) {
      return invalid(name, "is not a parameter of this call", "unknown_parameter");
    }
  }
  return Query(std::move(*pairs));
}

net::HttpResponse failed(const RequestContext& context, std::string_view cause) {
  observe::log(observe::Level::error, "request failed",
               {{"request", context.request_id}, {"route", context.pattern}, {"cause", cause}});
  return problem_response(internal_error({}), context.request_id);
}

net::HttpResponse problem(const RequestContext& context, const Error& error) {
  if (error.kind == ErrorKind::internal) return failed(context, error.message);
  return problem_response(error, context.request_id);
}

net::HttpResponse with_allow(net::HttpResponse response, std::uint8_t allowed) {
  response.headers.push_back({"Allow", allow_header(allowed)});
  return response;
}

}  // namespace

Service::Service(const Router& router, const access::Authorizer& authorizer, const access::Tenants& tenants, const Clock& clock,
                 std::uint64_t seed)
    : router_(router), authorizer_(authorizer), tenants_(tenants), clock_(clock), random_(seed) {}

std::size_t Service::body_bytes_max(const net::HttpRequest& head) {
  const auto method = parse_method(head.method);
  const auto segments = PathSegments::split(head.path);
  const Route* route = method && segments ? router_.find(*method, *segments).route : nullptr;
  if (route == nullptr || route->body != BodyKind::json) return kEnvelopeBytesMax;
  if (route->body_bytes_max <= kUnknownCallerBodyBytesMax || promises_small_body(head)) return route->body_bytes_max;
  if (authorizer_.authenticate(head.headers.find("Authorization"))) return route->body_bytes_max;
  return kUnknownCallerBodyBytesMax;
}

net::Task<net::HttpResponse> Service::handle(const net::HttpRequest& request) {
  RequestContext context(request);
  net::HttpResponse response;
  try {
    context.request_id = request_id(request);
    Admission admission = admit(context);
    if (admission.route == nullptr) {
      response = std::move(admission.response);
    } else {
      Answer answer = co_await admission.route->handler(context);
      response = answer ? std::move(*answer) : problem(context, answer.error());
    }
  } catch (const std::exception& error) {
    response = failed(context, error.what());
  } catch (...) {
    response = failed(context, "an exception of an unknown kind");
  }
  finish(context, response);
  co_return response;
}

Service::Admission Service::admit(RequestContext& context) {
  const auto& request = context.request;
  const bool asks_options = request.method == "OPTIONS";
  if (asks_options && request.path == "*") return {nullptr, no_content()};

  const auto segments = PathSegments::split(request.path);
  if (!segments) return {nullptr, problem(context, segments.error())};
  const auto method = parse_method(request.method);
  const RouteMatch match = router_.find(method.value_or(Method::get), *segments);
  if (match.allowed == 0 && match.route == nullptr) {
    return {nullptr, problem(context, not_found("There is nothing at this path."))};
  }
  if (asks_options) return {nullptr, with_allow(no_content(), match.allowed)};
  if (!method || match.route == nullptr) {
    return {nullptr, with_allow(problem(context, method_not_allowed(request.method)), match.allowed)};
  }
  context.route = match.route;
  context.pattern = match.route->pattern;
  const auto checked = check(match, context);
  if (!checked) return {nullptr, problem(context, checked.error())};
  return {*checked, {}};
}

Result<const Route*> Service::check(const RouteMatch& match, RequestContext& context) {
  const Route& route = *match.route;
  const auto& request = context.request;
  for (std::size_t i = 0; i < kPathParametersMax; ++i) context.parameters[i] = match.parameters[i];
  if (route.action) {
    if (request.headers.count("Authorization") > 1) return std::move(authorizer_.authenticate({})).error();
    auto principal = authorizer_.authenticate(request.headers.find("Authorization"));
    if (!principal) return std::move(principal).error();
    context.principal = std::move(*principal);
  }
  domain::Object object;
  if (route.binding == Binding::tenant) {
    context.tenant = tenants_.find(context.parameters[0]);
    if (!context.tenant) return not_found("There is no tenant of this name.", "unknown_tenant");
    object.tenant = context.tenant->key;
  }
  if (route.action && domain::permit(context.principal, *route.action, object) == domain::Permission::denied) {
    return Error{ErrorKind::forbidden, "forbidden", "The key may not do this.", {}, {}};
  }
  if (auto body = check_body(route, request); !body) return std::move(body).error();
  auto query = read_query(route, request.query);
  if (!query) return std::move(query).error();
  context.query = std::move(*query);
  return &route;
}

net::HttpResponse Service::refuse(int status, std::string_view detail) {
  std::string id = new_request_id();
  net::HttpResponse response = problem_of_status(status, detail, id);
  response.headers.push_back({"X-Request-Id", std::move(id)});
  return response;
}

std::string Service::request_id(const net::HttpRequest& request) {
  const auto given = request.headers.find("X-Request-Id");
  return is_request_id(given) ? std::string(given) : new_request_id();
}

// 13 characters of Crockford's base 32: short enough to need no memory of its own.
std::string Service::new_request_id() {
  static constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::uint64_t bits = random_.next();
  std::string id(13, '0');
  for (char& c : id) {
    c = kDigits[bits & 31];
    bits >>= 5;
  }
  return id;
}

void Service::finish(const RequestContext& context, net::HttpResponse& response) const {
  response.headers.push_back({"X-Request-Id", context.request_id});
  if (context.route != nullptr && context.route->action) response.headers.push_back({"Cache-Control", "no-store"});
  if (observe::log_enabled(observe::Level::debug)) {
    const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady_now() - context.request.received_at);
    observe::log(observe::Level::debug, "request",
                 {{"request", context.request_id},
                  {"method", context.request.method},
                  {"route", context.pattern},
                  {"status", response.status},
                  {"peer", context.request.peer},
                  {"durationUs", taken.count()}});
  }
}

}  // namespace posthorn::api
