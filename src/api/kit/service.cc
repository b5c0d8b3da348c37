#include "api/kit/service.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/problem.h"
#include "base/check.h"
#include "base/text.h"
#include "observe/log.h"
#include "store/audit.h"

namespace posthorn::api {
namespace {

constexpr std::string_view kTenantHeader = "Posthorn-Tenant";
constexpr std::string_view kDefaultTenant = "default";
constexpr std::size_t kAuditedPathBytesMax = 512;

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
    case BodyKind::form:
      if (is_form_media_type(request.headers.find("Content-Type"))) return {};
      return unsupported_media_type("application/x-www-form-urlencoded");
    case BodyKind::any:
      return {};
  }
  return {};
}

Result<Query> read_query(const Route& route, std::string_view text) {
  if (text.empty()) return Query();
  auto pairs = parse_query(text);
  if (!pairs) return std::move(pairs).error();
  const bool takes_any = std::find(route.query.begin(), route.query.end(), "*") != route.query.end();
  for (const auto& [name, value] : *pairs) {
    if (!takes_any && std::find(route.query.begin(), route.query.end(), name) == route.query.end()) {
      return invalid(name, "is not a parameter of this call", "unknown_parameter");
    }
  }
  return Query(std::move(*pairs));
}

bool has_header(const net::HttpResponse& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const net::OwnedHeader& header) { return equals_ignoring_case(header.name, name); });
}

// The error in the surface's own form.
net::HttpResponse written(const RequestContext& context, const Error& error) {
  if (context.surface->write_error == nullptr) return problem_response(error, context.request_id);
  net::HttpResponse response = context.surface->write_error(error, context);
  if (response.status == 401 && !has_header(response, "WWW-Authenticate")) {
    response.headers.push_back({"WWW-Authenticate", "Bearer"});
  }
  if (error.retry_after && !has_header(response, "Retry-After")) {
    response.headers.push_back({"Retry-After", std::to_string(error.retry_after->count())});
  }
  return response;
}

net::HttpResponse failed(const RequestContext& context, std::string_view cause) {
  observe::log(observe::Level::error, "request failed",
               {{"request", context.request_id}, {"route", context.pattern}, {"cause", cause}});
  return written(context, internal_error(std::string(kInternalFailureWords)));
}

net::HttpResponse problem(const RequestContext& context, const Error& error) {
  if (error.kind == ErrorKind::internal) return failed(context, error.message);
  return written(context, error);
}

Error unknown_tenant() { return not_found("There is no tenant of this name.", "unknown_tenant"); }

// The subscription whose id the path names. None when it names none, or by something else than an id: then the handler, which
// knows what is meant, asks RequestContext::reaches().
SubscriptionKey named_subscription(const Route& route, const RouteMatch& match) {
  std::size_t place = 0;
  for (auto at = route.pattern.find('{'); at != std::string_view::npos; at = route.pattern.find('{', at + 1), ++place) {
    if (!route.pattern.substr(at).starts_with("{subscription}")) continue;
    const auto id = parse_id<SubscriptionId>(match.parameters[place]);
    return id ? id->key : SubscriptionKey();
  }
  return {};
}

Error unknown_subscription() { return not_found("There is no subscription of this id.", "unknown_subscription"); }

// What a principal is told that may not go on; nothing when it may.
Status explain(domain::Permission permission, const Route& route, const domain::Object& object) {
  switch (permission) {
    case domain::Permission::allowed:
      return {};
    case domain::Permission::only_granted:
      if (route.reach == Reach::filtered) return {};
      if (route.pattern.find("{subscription}") != std::string_view::npos) return unknown_subscription();
      break;
    case domain::Permission::denied:
      break;
    case domain::Permission::hidden:
      if (object.tenant && object.subscription) return unknown_subscription();
      if (route.pattern.find("{tenant}") != std::string_view::npos) return unknown_tenant();
      return not_found("There is nothing at this path.");
  }
  return Error{ErrorKind::forbidden, "forbidden", "The caller's roles do not allow this.", {}, {}};
}

net::HttpResponse with_allow(net::HttpResponse response, std::uint8_t allowed) {
  response.headers.push_back({"Allow", allow_header(allowed)});
  return response;
}

}  // namespace

const Surface kNativeSurface{.name = "native", .while_disabled = WhileDisabled::serves};

bool RequestContext::reaches(SubscriptionKey subscription) const {
  if (!principal || !tenant || route == nullptr || !route->action) return false;
  return domain::permit(*principal, *route->action, {tenant->key, subscription}) == domain::Permission::allowed;
}

store::Author RequestContext::author() {
  author_given = true;
  store::Author author;
  if (!principal) return author;
  author.principal = principal->id;
  author.name = principal->name;
  author.kind = domain::to_text(principal->kind);
  author.surface = surface->name;
  if (route != nullptr && route->action) author.action = domain::to_text(*route->action);
  author.request_id = request_id;
  return author;
}

Service::Service(const Router& router, access::Authorizer& authorizer, const access::Tenants& tenants, const Clock& clock,
                 std::uint64_t seed)
    : router_(router), authorizer_(authorizer), tenants_(tenants), clock_(clock), random_(seed) {}

const Route* Service::route_of(const net::HttpRequest& head) const {
  const auto method = parse_method(head.method);
  const auto segments = PathSegments::split(head.path);
  return method && segments ? router_.find(*method, *segments).route : nullptr;
}

std::size_t Service::body_bytes_max(const net::HttpRequest& head) {
  const Route* route = route_of(head);
  if (route == nullptr || route->body == BodyKind::none || route->body == BodyKind::optional_empty) return kEnvelopeBytesMax;
  if (route->body_bytes_max <= kUnknownCallerBodyBytesMax || promises_small_body(head)) return route->body_bytes_max;
  const auto verdict = authorizer_.look(head.headers.find("Authorization"), {});
  // An issuer's keys that are not there yet are fetched for the whole request.
  return verdict.principal || verdict.wanted ? route->body_bytes_max : kUnknownCallerBodyBytesMax;
}

// Nothing for a caller who is known, or may be, and where nobody is asked.
std::optional<Error> Service::refusal_of_caller(const net::HttpRequest& head) {
  const Route* route = route_of(head);
  if (route == nullptr || !route->action) return std::nullopt;
  RequestContext context(head);
  access::IssuerPtr wanted;
  auto found = find_principal(context, wanted);
  if (found || wanted) return std::nullopt;
  return std::move(found).error();
}

net::Task<net::HttpResponse> Service::handle(const net::HttpRequest& request) {
  RequestContext context(request);
  net::HttpResponse response;
  try {
    context.request_id = request_id(request);
    response = co_await run(context);
  } catch (const std::exception& error) {
    response = failed(context, error.what());
  } catch (...) {
    response = failed(context, "an exception of an unknown kind");
  }
  finish(context, response);
  co_return response;
}

std::optional<net::HttpResponse> Service::refuse_early(const net::HttpRequest& head) {
  RequestContext context(head);
  context.request_id = request_id(head);
  Admission admission = admit(context);
  if (admission.route != nullptr || admission.wanted) return std::nullopt;
  finish(context, admission.response);
  return std::move(admission.response);
}

net::Task<net::HttpResponse> Service::run(RequestContext& context) {
  Admission admission = admit(context);
  if (admission.wanted) {
    co_await authorizer_.fetch_keys(admission.wanted);
    admission = admit(context);
  }
  if (admission.route == nullptr) co_return std::move(admission.response);
  Answer answer = co_await admission.route->handler(context);
  if (!answer) co_return problem(context, answer.error());
  if (is_unrecorded_change(context, *answer)) co_await record_change(context);
  co_return std::move(*answer);
}

void Service::keep_audit(store::Session& session, IdSource& ids) {
  audit_session_ = &session;
  audit_ids_ = &ids;
}

bool Service::is_unrecorded_change(const RequestContext& context, const net::HttpResponse& response) const {
  return audit_session_ != nullptr && !context.author_given && response.status < 300 && context.route->action &&
         domain::is_change(*context.route->action) && context.route->method != Method::get;
}

// The change is made; that it cannot be recorded as well is for the operator, not for the caller.
net::Task<void> Service::record_change(RequestContext& context) {
  const TenantKey tenant = context.tenant ? context.tenant->key : context.principal->tenant;
  std::string object(context.request.path.substr(0, kAuditedPathBytesMax));
  auto entry =
      store::audit_entry(*audit_ids_, context.author(), tenant,
                         {context.pattern, std::move(object), std::move(context.audit_before), std::move(context.audit_after)});
  if (!entry) co_return;
  store::RecordAudit write{std::move(*entry)};
  const auto recorded =
      co_await net::until<Status>([&](auto done) { audit_session_->record_audit(std::move(write), std::move(done)); });
  if (recorded) co_return;
  observe::log(observe::Level::error, "a change could not be recorded in the audit log",
               {{"request", context.request_id}, {"route", context.pattern}, {"cause", recorded.error().message}});
}

Service::Admission Service::admit(RequestContext& context) {
  const auto& request = context.request;
  const bool asks_options = request.method == "OPTIONS";
  if (asks_options && request.path == "*") return {nullptr, no_content(), nullptr};

  const auto segments = PathSegments::split(request.path);
  context.surface = &router_.surface_of(request.path);
  if (!segments) return {nullptr, problem(context, segments.error()), nullptr};
  const auto method = parse_method(request.method);
  const RouteMatch match = router_.find(method.value_or(Method::get), *segments);
  if (match.allowed == 0 && match.route == nullptr) {
    return {nullptr, problem(context, not_found("There is nothing at this path.")), nullptr};
  }
  if (asks_options) return {nullptr, with_allow(no_content(), match.allowed), nullptr};
  if (!method || match.route == nullptr) {
    return {nullptr, with_allow(problem(context, method_not_allowed(request.method)), match.allowed), nullptr};
  }
  context.route = match.route;
  context.surface = match.route->surface;
  context.pattern = match.route->pattern;
  access::IssuerPtr wanted;
  const auto checked = check(match, context, wanted);
  if (wanted) return {nullptr, {}, std::move(wanted)};
  if (!checked) return {nullptr, problem(context, checked.error()), nullptr};
  return {*checked, {}, nullptr};
}

Status Service::find_principal(RequestContext& context, access::IssuerPtr& wanted) {
  const auto& request = context.request;
  // Two of them: nobody knows which is meant.
  const bool single = request.headers.count("Authorization") <= 1;
  auto verdict = authorizer_.look(single ? request.headers.find("Authorization") : std::string_view(), request.peer);
  wanted = std::move(verdict.wanted);
  if (!verdict.principal) return std::move(verdict.principal).error();
  context.principal = std::move(*verdict.principal);
  return {};
}

Result<const Route*> Service::check(const RouteMatch& match, RequestContext& context, access::IssuerPtr& wanted) {
  const Route& route = *match.route;
  const auto& request = context.request;
  for (std::size_t i = 0; i < kPathParametersMax; ++i) context.parameters[i] = match.parameters[i];
  if (route.action) {
    if (auto found = find_principal(context, wanted); !found) return std::move(found).error();
  }
  if (auto bound = bind_tenant(context); !bound) return std::move(bound).error();
  if (route.action) {
    domain::Object object;
    if (context.tenant) object.tenant = context.tenant->key;
    if (route.binding == Binding::realm) object.tenant = context.principal->tenant;
    if (context.principal->roles.has(domain::Role::webhook_user)) object.subscription = named_subscription(route, match);
    const auto permission = domain::permit(*context.principal, *route.action, object);
    if (auto may = explain(permission, route, object); !may) return std::move(may).error();
  }
  if (context.tenant && !context.tenant->webhooks_enabled && route.surface->while_disabled == WhileDisabled::refuses) {
    return access::webhooks_disabled();
  }
  if (auto body = check_body(route, request); !body) return std::move(body).error();
  auto query = read_query(route, request.query);
  if (!query) return std::move(query).error();
  context.query = std::move(*query);
  return &route;
}

Status Service::bind_tenant(RequestContext& context) const {
  switch (context.route->binding) {
    case Binding::server:
    case Binding::realm:
      return {};
    case Binding::tenant:
      context.tenant = tenants_.find(context.parameters[0]);
      return context.tenant ? Status() : unknown_tenant();
    case Binding::tenant_or_new:
      context.tenant = tenants_.find(context.parameters[0]);
      return {};
    case Binding::principal:
      break;
  }
  POSTHORN_CHECK(context.principal != nullptr);
  const auto named = context.request.headers.find(kTenantHeader);
  if (context.principal->tenant) {
    context.tenant = tenants_.find(context.principal->tenant);
    const bool other = context.tenant && named.data() != nullptr && named != context.tenant->name;
    return context.tenant && !other ? Status() : unknown_tenant();
  }
  context.tenant = tenants_.find(named.data() != nullptr ? named : kDefaultTenant);
  return context.tenant ? Status() : unknown_tenant();
}

net::HttpResponse Service::refuse(int status, std::string_view detail, const net::HttpRequest* head) {
  std::string id = new_request_id();
  net::HttpResponse response;
  auto error = error_of_status(status, detail);
  // Who is not known is told that first, and counted, whatever the size of what they send.
  if (status == 413 && head != nullptr) {
    if (auto unknown = refusal_of_caller(*head)) error = std::move(unknown);
  }
  if (error && head != nullptr) {
    RequestContext context(*head);
    context.request_id = id;
    context.surface = &router_.surface_of(head->path);
    response = written(context, *error);
  } else {
    response = problem_of_status(status, detail, id);
  }
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
