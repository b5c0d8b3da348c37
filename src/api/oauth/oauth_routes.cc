#include "api/oauth/oauth_routes.h"

#include <algorithm>

#include "api/kit/answer.h"
#include "api/kit/json_writer.h"
#include "api/kit/token_call.h"

namespace posthorn::api::oauth {
namespace {

constexpr Surface kOAuth{
    .name = "oauth", .prefix = "/oauth2", .write_error = write_oauth_error, .while_disabled = WhileDisabled::serves};
constexpr std::size_t kTokenFormBytesMax = 8 * 1024;

net::Task<Answer> token(access::Access* access, RequestContext& context) {
  const auto call = read_token_call(context.request);
  if (!call) co_return call.error();
  const access::TokenRequest request{call->client_id, call->client_secret, call->scope, context.request.peer};
  const auto issued = access->tokens.issue(request);
  if (!issued) co_return issued.error();
  co_return token_answer(*issued);
}

net::Task<Answer> keys(access::Access* access, RequestContext&) {
  net::HttpResponse response = json_answer(200, access->signing_keys.document());
  response.headers.push_back({"Cache-Control", "public, max-age=600"});
  co_return response;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._:[]").find(c) != std::string_view::npos;
}

// Empty when it must be taken from the request and cannot.
std::string base_url(const OAuthOptions& options, const net::HttpRequest& request) {
  if (!options.public_url.empty()) return options.public_url;
  const auto host = request.headers.find("Host");
  if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_character)) return {};
  return options.scheme + "://" + std::string(host);
}

net::Task<Answer> metadata(OAuthOptions options, RequestContext& context) {
  const std::string base = base_url(options, context.request);
  if (base.empty()) co_return not_found("The request names no host.");
  std::string scopes = "[";
  for (const auto role : domain::kRoles) {
    if (scopes.size() > 1) scopes += ',';
    append_json_string(scopes, domain::to_text(role));
  }
  scopes += ']';
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.string("issuer", base);
  json.string("token_endpoint", base + "/oauth2/token");
  json.string("jwks_uri", base + "/.well-known/jwks.json");
  json.raw("response_types_supported", "[]");
  json.raw("grant_types_supported", R"(["client_credentials"])");
  json.raw("token_endpoint_auth_methods_supported", R"(["client_secret_basic","client_secret_post"])");
  json.raw("scopes_supported", scopes);
  json.string("service_documentation", base + "/api/v1/docs");
  json.end_object();
  co_return json_answer(200, std::move(body));
}

}  // namespace

std::vector<Route> routes(const OAuthOptions& options) {
  access::Access* access = &options.access;
  std::vector<Route> routes;
  routes.push_back({.method = Method::post,
                    .pattern = "/oauth2/token",
                    .body = BodyKind::form,
                    .body_bytes_max = kTokenFormBytesMax,
                    .handler = [access](RequestContext& context) { return token(access, context); },
                    .surface = &kOAuth});
  routes.push_back({.method = Method::get, .pattern = "/.well-known/jwks.json", .handler = [access](RequestContext& context) {
                      return keys(access, context);
                    }});
  routes.push_back({.method = Method::get,
                    .pattern = "/.well-known/oauth-authorization-server",
                    .handler = [options](RequestContext& context) { return metadata(options, context); }});
  return routes;
}

}  // namespace posthorn::api::oauth
