// Transformations: trying a script on an event, without a subscription and without sending anything.
#include <fmt/format.h>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/native/publish_input.h"
#include "api/native/resources.h"
#include "domain/access/name.h"
#include "domain/outbound/format.h"
#include "domain/outbound/topic.h"
#include "domain/outbound/transform.h"
#include "json/reader.h"
#include "outbound/transforms.h"

namespace posthorn::api::native {
namespace {

struct TestInput {
  domain::Transform transform;
  domain::Event event;
  domain::Format format = domain::Format::standard;
};

// The event as it would be published; an example when there is none.
Result<domain::Event> read_test_event(const Services& services, const RequestContext& context, std::string_view text) {
  domain::Event event;
  event.tenant = context.tenant->key;
  event.time = services.clock.wall_now();
  event.topic = "example";
  event.external_id = "example";
  event.payload = "{}";
  if (text.empty()) return event;
  const auto given = read_event(text, {});
  if (!given) {
    Error error = given.error();
    error.field = error.field.empty() ? "event" : "event/" + error.field;
    return error;
  }
  if (auto checked = domain::check_topic(given->topic, "event/topic"); !checked) return checked.error();
  if (auto checked = outbound::check_external_id(given->external_id, "event/id"); !checked) return checked.error();
  if (!given->scope.empty()) {
    if (auto checked = domain::check_name(given->scope, "event/scope"); !checked) return checked.error();
  }
  event.topic = given->topic;
  event.payload = given->data;
  if (!given->external_id.empty()) event.external_id = given->external_id;
  if (given->time) event.time = *given->time;
  event.user = given->user;
  event.scope = given->scope;
  return event;
}

Result<TestInput> read_test(const Services& services, const RequestContext& context) {
  const auto object = read_object(context.request.body);
  if (!object) return object.error();
  auto rest = *object;
  rest.erase("event");
  rest.erase("format");
  auto transform = domain::read_transform_document(rest, "");
  if (!transform) return std::move(transform).error();
  TestInput input{std::move(*transform), {}, domain::Format::standard};
  auto event = read_test_event(services, context, raw_document(context.request.body, "event"));
  if (!event) return std::move(event).error();
  input.event = std::move(*event);
  if (const auto* format = object->if_contains("format"); format != nullptr && !format->is_null()) {
    const auto known = format->is_string() ? domain::parse_format(format->get_string()) : std::nullopt;
    if (!known) return invalid("format", "must be one of: " + domain::format_words());
    input.format = *known;
  }
  return input;
}

void append_error(JsonWriter& json, std::string_view kind, std::string_view message, std::uint32_t line, std::uint32_t column) {
  json.begin_object("error").string("kind", kind).string("message", message);
  line == 0 ? json.null("line") : json.integer("line", line);
  column == 0 ? json.null("column") : json.integer("column", column);
  json.end_object();
}

void append_result(JsonWriter& json, const script::Outcome& outcome, std::string_view rendered) {
  const auto transformed =
      outcome.ok() ? domain::read_transformed(outcome.value) : Result<domain::Transformed>(domain::Transformed());
  const bool ok = outcome.ok() && transformed;
  json.boolean("ok", ok);
  json.raw("payload", ok ? (transformed->payload ? *transformed->payload : rendered) : "null");
  json.begin_object("headers");
  if (ok) {
    for (const auto& header : transformed->headers) json.string(header.name, header.value);
  }
  json.end_object();
  json.boolean("cancel", ok && transformed->cancel);
  if (ok) {
    json.null("error");
  } else if (!outcome.ok()) {
    append_error(json, script::to_text(outcome.ending), outcome.message, outcome.line, outcome.column);
  } else {
    const Error& error = transformed.error();
    append_error(json, "result", (error.field.empty() ? "" : error.field + " ") + error.message, 0, 0);
  }
}

net::Task<Answer> test_transform(Services services, RequestContext& context) {
  auto input = read_test(services, context);
  if (!input) co_return std::move(input).error();
  const std::string rendered = domain::render(input->format, input->event, context.tenant->name).body;
  const std::string document = domain::transform_input(input->event, context.tenant->name, rendered);
  const auto outcome = co_await outbound::try_transform(services.scripts, services.loop, context.tenant->key, input->transform,
                                                        document, services.event_body_bytes_max);
  if (outcome.ending == script::Ending::unavailable) {
    co_return unavailable("The script could not be run: " + outcome.message, "scripts_unavailable");
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  append_result(json, outcome, rendered);
  json.raw("durationMs", fmt::format("{:.3f}", static_cast<double>(outcome.duration.count()) / 1000));
  json.raw("input", document);
  json.end_object();
  co_return json_answer(200, std::move(body));
}

}  // namespace

void add_transform_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/transforms/test",
                    .action = domain::Action::test_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = services.event_body_bytes_max + kCatalogueBodyBytesMax,
                    .handler = handler(services, test_transform)});
}

}  // namespace posthorn::api::native
