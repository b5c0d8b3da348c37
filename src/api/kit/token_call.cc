#include "api/kit/token_call.h"

#include <optional>

#include "api/kit/answer.h"
#include "api/kit/form.h"
#include "api/kit/json_writer.h"
#include "api/kit/problem.h"
#include "base/text.h"

namespace posthorn::api {
namespace {

Error invalid_request(std::string message, std::string field = {}) {
  return {ErrorKind::malformed, "invalid_request", std::move(message), std::move(field), {}};
}

Error invalid_client(std::string message) { return {ErrorKind::unauthenticated, "invalid_client", std::move(message), {}, {}}; }

struct Basic {
  std::string id;
  std::string secret;
};

// Nothing when there is no Authorization header. Errors: invalid_client.
Result<std::optional<Basic>> read_basic(const net::HeaderViews& headers) {
  constexpr std::string_view kScheme = "Basic ";
  const auto header = headers.find("Authorization");
  if (header.data() == nullptr) return std::optional<Basic>();
  const bool is_basic = header.size() > kScheme.size() && equals_ignoring_case(header.substr(0, kScheme.size()), kScheme);
  if (!is_basic || headers.count("Authorization") > 1) return invalid_client("The Authorization header must be one of Basic.");
  const auto text = base64_decode(trim(header.substr(kScheme.size())));
  const auto colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return invalid_client("The Authorization header cannot be read.");
  auto id = decode_form_value(std::string_view(*text).substr(0, colon));
  auto secret = decode_form_value(std::string_view(*text).substr(colon + 1));
  if (!id || !secret) return invalid_client("The Authorization header cannot be read.");
  return std::optional(Basic{std::move(*id), std::move(*secret)});
}

std::string value_of(const Form& form, std::string_view name) {
  const auto* value = form.find(name);
  return value == nullptr ? std::string() : *value;
}

// The words of RFC 6749, 5.2, for what every surface's service refuses.
std::string_view oauth_code(const Error& error, int status) {
  for (const std::string_view code : {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
                                      "unsupported_grant_type", "invalid_scope"}) {
    if (error.code == code) return code;
  }
  if (status == 401) return "invalid_client";
  if (status == 429 || status == 503) return "temporarily_unavailable";
  return status >= 500 ? "server_error" : "invalid_request";
}

}  // namespace

Result<TokenCall> read_token_call(const net::HttpRequest& request) {
  const auto form = parse_form(request.body);
  if (!form) return invalid_request(form.error().message, form.error().field);
  const auto basic = read_basic(request.headers);
  if (!basic) return basic.error();
  TokenCall call{value_of(*form, "client_id"), value_of(*form, "client_secret"), value_of(*form, "scope")};
  const auto* grant = form->find("grant_type");
  if (grant == nullptr || grant->empty()) return invalid_request("grant_type is missing.", "grant_type");
  if (*grant != "client_credentials") {
    return invalid("grant_type", "The grant type must be client_credentials.", "unsupported_grant_type");
  }
  if (*basic) {
    if (!call.client_secret.empty()) return invalid_request("The client's secret is given twice.", "client_secret");
    if (!call.client_id.empty() && call.client_id != (*basic)->id) {
      return invalid_request("The client's id is given twice, and differently.", "client_id");
    }
    call.client_id = (*basic)->id;
    call.client_secret = (*basic)->secret;
  }
  if (call.client_id.empty() || call.client_secret.empty()) {
    return invalid_client("The client's id and secret are needed, in the form or by HTTP Basic.");
  }
  return call;
}

net::HttpResponse token_answer(const access::IssuedToken& issued) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .string("access_token", issued.token)
      .string("token_type", "Bearer")
      .integer("expires_in", issued.lifetime.count())
      .string("scope", issued.scope)
      .end_object();
  net::HttpResponse response = json_answer(200, std::move(body));
  response.headers.push_back({"Cache-Control", "no-store"});
  response.headers.push_back({"Pragma", "no-cache"});
  return response;
}

net::HttpResponse write_oauth_error(const Error& error, const RequestContext&) {
  int status = status_of(error);
  if (status == 422) status = 400;
  std::string body;
  JsonWriter(body)
      .begin_object()
      .string("error", oauth_code(error, status))
      .string("error_description", error.message)
      .end_object();
  net::HttpResponse response = json_answer(status, std::move(body));
  response.headers.push_back({"Cache-Control", "no-store"});
  response.headers.push_back({"Pragma", "no-cache"});
  if (status == 401) response.headers.push_back({"WWW-Authenticate", "Basic realm=\"posthorn\""});
  return response;
}

}  // namespace posthorn::api
