// What signs a subscription's deliveries: a new secret with an overlap, and the public key of v1a. Secrets are shown once, by
// the call that makes them.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/precondition.h"
#include "api/native/resources.h"
#include "api/native/subscription_reference.h"
#include "domain/outbound/signature.h"
#include "json/reader.h"

namespace posthorn::api::native {
namespace {

using domain::Action;

constexpr std::size_t kRotationBodyBytesMax = 4096;

struct RotationInput {
  std::string secret;  // empty: the server makes one
  Milliseconds overlap{kSecretOverlapDefault};
};

Result<RotationInput> read_rotation(std::string_view body) {
  RotationInput input;
  const auto object = read_object(body);
  if (!object) return object.error();
  json::ObjectReader reader(*object, "");
  std::optional<std::string> secret;
  reader.optional_string("secret", secret, 1024);
  std::int64_t overlap = input.overlap.count();
  reader.integer("overlapMs", overlap, 0, Milliseconds(kSecretOverlapMax).count());
  reader.only_these();
  if (!reader.ok()) return reader.error();
  if (secret && secret->empty()) return invalid("secret", "must not be empty", "invalid_secret");
  if (secret == "***") return invalid("secret", "is what reads show in place of a secret", "invalid_secret");
  input.secret = secret.value_or("");
  input.overlap = Milliseconds(overlap);
  return input;
}

net::Task<Answer> rotate_secret(Services services, RequestContext& context) {
  const auto current = find_subscription(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto input = read_rotation(context.request.body);
  if (!input) co_return std::move(input).error();
  auto rotated = co_await services.catalogue.rotate_secret(services.session, *current, std::move(input->secret), input->overlap,
                                                           revision, context.author());
  if (!rotated) co_return explain_lost_race(std::move(rotated).error(), context.request.headers);
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.string("secret", rotated->secret);
  if (rotated->previous_until) {
    json.time("previousValidUntil", *rotated->previous_until);
  } else {
    json.null("previousValidUntil");
  }
  json.end_object();
  co_return json_answer(200, std::move(body), rotated->subscription->revision);
}

net::Task<Answer> get_public_key(Services services, RequestContext& context) {
  const auto subscription = find_subscription(services, context);
  if (!subscription) co_return subscription.error();
  const auto secrets = services.catalogue.secrets_of(**subscription);
  if (!secrets) co_return secrets.error();
  const std::string key = domain::public_key_text(*secrets);
  if (key.empty()) co_return not_found("The subscription has no key pair: it does not sign with v1a.", "no_key_pair");
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.string("publicKey", key);
  json.end_object();
  co_return json_answer(200, std::move(body));
}

}  // namespace

void add_secret_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/subscriptions/{subscription}/rotate-secret",
                    .action = Action::rotate_secrets,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kRotationBodyBytesMax,
                    .handler = handler(services, rotate_secret),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/subscriptions/{subscription}/public-key",
                    .action = Action::read_subscriptions,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_public_key),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
