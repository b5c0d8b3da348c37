// The client-credentials call: id and secret in a JSON or form body, under any spelling of their names.
#include "api/kit/body.h"
#include "api/kit/form.h"
#include "api/kit/problem.h"
#include "api/orangelogic/document.h"
#include "api/orangelogic/orangelogic_routes.h"
#include "base/text.h"

namespace posthorn::api::orangelogic {
namespace {

namespace bj = boost::json;

constexpr std::size_t kTokenBodyBytesMax = 8 * 1024;

struct Pair {
  std::string id;
  std::string secret;
};

void take(Pair& pair, std::string_view name, std::string value) {
  std::string word = to_ascii_lower(name);
  std::erase(word, '_');
  if (word == "clientid") pair.id = std::move(value);
  if (word == "clientsecret") pair.secret = std::move(value);
}

Result<Pair> read_pair(const net::HttpRequest& request) {
  Pair pair;
  if (is_form_media_type(request.headers.find("Content-Type"))) {
    const auto form = parse_form(request.body);
    if (!form) return form.error();
    for (const auto& [name, value] : form->pairs()) take(pair, name, value);
  } else if (is_json_media_type(request.headers.find("Content-Type"))) {
    const auto object = read_object(request.body);
    if (!object) return object.error();
    for (const auto& [name, value] : *object) {
      if (value.is_string()) take(pair, name, std::string(value.get_string()));
    }
  } else {
    return unsupported_media_type("application/json or application/x-www-form-urlencoded");
  }
  return pair;
}

net::Task<Answer> authenticate(Services services, RequestContext& context) {
  const auto pair = read_pair(context.request);
  if (!pair) co_return pair.error();
  const access::TokenRequest request{pair->id, pair->secret, {}, context.request.peer};
  const auto issued = services.access.tokens.issue(request);
  if (!issued) co_return issued.error();
  const bj::object answer{{"accessToken", issued->token}, {"tokenType", "Bearer"}, {"expiresIn", issued->lifetime.count()}};
  auto response = document_answer(context.request, 200, answer);
  response.headers.push_back({"Cache-Control", "no-store"});
  co_return response;
}

}  // namespace

void add_token_route(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::post,
                    .pattern = "/orangelogic/webapi/security/clientcredentialsauthentication/authenticate_46H_v1",
                    .body = BodyKind::any,
                    .body_bytes_max = kTokenBodyBytesMax,
                    .handler = handler(services, authenticate),
                    .surface = &kSurface});
}

}  // namespace posthorn::api::orangelogic
