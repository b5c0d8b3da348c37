// Topics: the catalogue of what can be published.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/read_only.h"
#include "api/native/resources.h"
#include "domain/outbound/topic.h"
#include "json/reader.h"
#include "json/schema.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using outbound::TopicPtr;

// The server's own topics are made with their tenant.
void append(std::string& body, const domain::Topic& topic, const domain::Tenant& tenant) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", topic.name);
  json.string("description", topic.description);
  json.raw("schema", topic.schema.empty() ? std::string_view("null") : topic.schema);
  json.raw("example", topic.example.empty() ? std::string_view("null") : topic.example);
  json.integer("revision", topic.revision);
  json.time("createdAt", topic.key ? topic.created_at : tenant.created_at);
  json.time("updatedAt", topic.key ? topic.updated_at : tenant.created_at);
  json.end_object();
}

std::string to_json(const domain::Topic& topic, const RequestContext& context) {
  std::string body;
  append(body, topic, *context.tenant);
  return body;
}

Answer answer(const RequestContext& context, int status, const domain::Topic& topic) {
  return json_answer(status, to_json(topic, context), topic.revision);
}

// A member that holds JSON of its own: kept byte for byte, null means none.
void read_document(json::ObjectReader& reader, std::string_view body, std::string_view name, std::string& target) {
  if (reader.member(name) == nullptr) return;
  target = raw_document(body, name);
  if (target.size() > kDocumentBytesMax) {
    reader.fail(invalid(reader.field(name), "must have at most " + std::to_string(kDocumentBytesMax) + " bytes", "too_long"));
  }
}

// An example that its own schema refuses could never be published.
Status check_example(const domain::Topic& topic) {
  if (topic.schema.empty() || topic.example.empty()) return {};
  const auto schema = json::Schema::compile(topic.schema, "schema");
  if (!schema) return schema.error();
  return (*schema)->validate(topic.example, "example");
}

// Over `topic`; `shown`: as a read shows what is there.
Result<domain::Topic> read_topic(std::string_view body, domain::Topic topic, std::string_view shown) {
  auto object = read_object(body);
  if (!object) return std::move(object).error();
  if (auto taken = take_read_only(*object, shown, {"id", "revision", "createdAt", "updatedAt"}); !taken) return taken.error();
  json::ObjectReader reader(*object, "");
  std::optional<std::string> description = topic.description;
  reader.optional_string("description", description, kDescriptionBytesMax);
  topic.description = description.value_or("");
  if (const auto* schema = reader.member("schema"); schema != nullptr && !schema->is_null() && !schema->is_object()) {
    reader.fail(invalid(reader.field("schema"), "must be a JSON Schema object or null", "wrong_type"));
  }
  read_document(reader, body, "schema", topic.schema);
  read_document(reader, body, "example", topic.example);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  if (object->contains("schema") || object->contains("example")) {
    if (auto checked = check_example(topic); !checked) return std::move(checked).error();
  }
  return topic;
}

Result<TopicPtr> find(const Services& services, const RequestContext& context) {
  auto found = services.catalogue.find_topic(context.tenant->key, context.parameters[1]).topic;
  if (!found) return not_found("There is no topic of this name.", "unknown_topic");
  return found;
}

net::Task<Answer> list_topics(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto topics = services.catalogue.list_topics(context.tenant->key, page->position, page->limit + 1);
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < topics.size() && i < page->limit; ++i) {
    append(body, *topics[i], *context.tenant);
    if (i + 1 == page->limit && topics.size() > page->limit) position = topics[i]->name;
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_topic(Services services, RequestContext& context) {
  const auto topic = find(services, context);
  if (!topic) co_return topic.error();
  co_return answer(context, 200, **topic);
}

net::Task<Answer> save(Services services, RequestContext& context, domain::Topic topic, std::int64_t expected) {
  auto saved = co_await services.catalogue.save_topic(services.session, std::move(topic), expected, context.author());
  if (!saved) co_return explain_lost_race(std::move(saved).error(), context.request.headers);
  co_return answer(context, expected == 0 ? 201 : 200, **saved);
}

net::Task<Answer> put_topic(Services services, RequestContext& context) {
  const std::string& name = context.parameters[1];
  if (auto checked = domain::check_topic(name, "topic"); !checked) co_return std::move(checked).error();
  const auto current = services.catalogue.find_topic(context.tenant->key, name).topic;
  const auto revision = current ? std::optional(current->revision) : std::nullopt;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();

  domain::Topic fresh;
  fresh.name = name;
  fresh.tenant = context.tenant->key;
  if (current) {
    fresh.key = current->key;
    fresh.created_at = current->created_at;
    fresh.revision = current->revision;
  }
  auto topic =
      read_topic(context.request.body, std::move(fresh), current ? to_json(*current, context) : shown_before_it_is_made(name));
  if (!topic) co_return std::move(topic).error();
  co_return co_await save(services, context, std::move(*topic), revision.value_or(0));
}

net::Task<Answer> patch_topic(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto topic = read_topic(context.request.body, **current, to_json(**current, context));
  if (!topic) co_return std::move(topic).error();
  co_return co_await save(services, context, std::move(*topic), revision);
}

net::Task<Answer> delete_topic(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.catalogue.remove_topic(services.session, *current, revision, context.author());
  if (!removed) co_return explain_lost_race(std::move(removed).error(), context.request.headers);
  co_return no_content();
}

}  // namespace

void add_topic_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/tenants/{tenant}/topics";
  constexpr std::string_view kOne = "/api/v1/tenants/{tenant}/topics/{topic}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_topics,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_topics)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_topics,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_topic)});
  routes.push_back({.method = Method::put,
                    .pattern = kOne,
                    .action = Action::write_topics,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, put_topic)});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_topics,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, patch_topic)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::write_topics,
                    .binding = Binding::tenant,
                    .handler = handler(services, delete_topic)});
}

}  // namespace posthorn::api::native
