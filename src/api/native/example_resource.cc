// Triggering an event by hand: publishes the topic's example, or one made from its schema.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/native/resources.h"
#include "json/reader.h"

namespace posthorn::api::native {
namespace {

using domain::Action;

struct ExampleInput {
  domain::SubscriptionPtr only_for;  // null: for those that match
  std::string scope;
};

Result<ExampleInput> read_input(const Services& services, const RequestContext& context) {
  ExampleInput input;
  if (context.request.body.empty()) return input;
  const auto object = read_object(context.request.body);
  if (!object) return object.error();
  json::ObjectReader reader(*object, "");
  std::string id;
  reader.string("subscription", id, 256, 1);
  reader.string("scope", input.scope, kNameBytesMax, 1);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  if (id.empty()) return input;
  const auto parsed = parse_id<SubscriptionId>(id);
  input.only_for = parsed ? services.catalogue.find_subscription(context.tenant->key, *parsed)
                          : services.catalogue.find_subscription_by_uid(context.tenant->key, id);
  if (!input.only_for || !context.reaches(input.only_for->id.key)) {
    return invalid("subscription", "there is no subscription of this id", "unknown_subscription");
  }
  if (!input.only_for->settings.enabled) return invalid("subscription", "is switched off", "subscription_disabled");
  return input;
}

// Who may reach only single subscriptions must name one: otherwise the event goes to all.
Status check_reach(const RequestContext& context, const ExampleInput& input) {
  if (input.only_for || context.reaches(SubscriptionKey())) return {};
  return invalid("subscription", "is required: you may trigger events for your own subscriptions only", "required");
}

Result<std::string> example_of(const outbound::KnownTopic& known) {
  if (!known.topic->example.empty()) return known.topic->example;
  if (known.schema) return known.schema->example();
  return std::string(R"({"test":true})");
}

net::Task<Answer> send_example(Services services, RequestContext& context) {
  const auto known = services.catalogue.find_topic(context.tenant->key, context.parameters[1]);
  if (!known.topic) co_return not_found("There is no topic of this name.", "unknown_topic");
  auto input = read_input(services, context);
  if (!input) co_return std::move(input).error();
  if (auto reach = check_reach(context, *input); !reach) co_return std::move(reach).error();
  const auto example = example_of(known);
  if (!example) co_return example.error();
  const auto hops = outbound::read_hops(context.request.headers);
  if (!hops) co_return hops.error();
  outbound::PublishRequest request;
  request.hops = *hops;
  request.topic = known.topic->name;
  request.data = *example;
  request.scope = std::move(input->scope);
  request.only_for = std::move(input->only_for);
  request.request_id = context.request_id;
  const auto published = co_await services.publisher.publish(*context.tenant, std::move(request));
  if (!published) co_return published.error();
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.string("id", published->public_id());
  json.integer("deliveries", published->deliveries);
  json.raw("data", *example);
  json.end_object();
  co_return json_answer(202, std::move(body));
}

}  // namespace

void add_example_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/topics/{topic}/send-example",
                    .action = Action::trigger_events,
                    .binding = Binding::tenant,
                    .body = BodyKind::any,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, send_example),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
