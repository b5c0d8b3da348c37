// Background jobs: recovery of a subscription, replays, and what becomes of them.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/native/job_json.h"
#include "api/native/resources.h"
#include "api/native/subscription_reference.h"
#include "domain/outbound/topic.h"
#include "json/reader.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using domain::Job;
using domain::JobAction;
using domain::JobFilter;
using domain::JobKind;

Error unknown_job() { return not_found("There is no job of this id.", "unknown_job"); }

Error explain(Error error) { return error.kind == ErrorKind::not_found ? unknown_job() : error; }

void read_time(json::ObjectReader& reader, std::string_view name, const std::string& text, Timestamp& target) {
  if (!reader.ok()) return;
  const auto time = parse_rfc3339(text);
  if (!time) return reader.fail(invalid(reader.field(name), "must be an RFC 3339 time, such as 2026-01-31T23:59:59Z"));
  target = *time;
}

// `since` must be there: everything that ever failed is rarely meant.
void read_times(json::ObjectReader& reader, JobFilter& filter) {
  std::string since;
  std::optional<std::string> until;
  reader.required("since").string("since", since, 64).optional_string("until", until, 64);
  read_time(reader, "since", since, filter.since);
  if (until) read_time(reader, "until", *until, filter.until);
  if (reader.ok() && filter.until <= filter.since) reader.fail(invalid(reader.field("until"), "must be later than since"));
}

void read_patterns(json::ObjectReader& reader, std::vector<std::string>& patterns) {
  const auto* array = reader.array("topics", kTopicPatternsMax);
  if (array == nullptr) return;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string field = reader.field("topics") + '/' + std::to_string(i);
    const auto* text = (*array)[i].if_string();
    if (text == nullptr) return reader.fail(invalid(field, "must be a string", "wrong_type"));
    if (auto checked = domain::check_topic_pattern(*text, field); !checked) return reader.fail(std::move(checked).error());
    patterns.emplace_back(*text);
  }
}

void read_topic(json::ObjectReader& reader, std::vector<std::string>& topics) {
  std::optional<std::string> topic;
  reader.optional_string("topic", topic, kTopicBytesMax);
  if (!reader.ok() || !topic) return;
  if (auto checked = domain::check_topic(*topic, reader.field("topic")); !checked) {
    return reader.fail(std::move(checked).error());
  }
  topics.push_back(std::move(*topic));
}

void read_state(json::ObjectReader& reader, std::optional<domain::DeliveryState>& state) {
  std::optional<std::string> text = std::string(domain::to_text(domain::DeliveryState::exhausted));
  reader.optional_string("status", text, 64);
  state.reset();
  if (!reader.ok() || !text) return;
  state = domain::parse_delivery_state(*text);
  if (!state || *state == domain::DeliveryState::pending) {
    reader.fail(invalid(reader.field("status"), "must be one of: succeeded, exhausted, cancelled"));
  }
}

void read_subscription(json::ObjectReader& reader, const Services& services, const RequestContext& context,
                       SubscriptionId& subscription) {
  std::optional<std::string> text;
  reader.optional_string("subscription", text, kNameBytesMax);
  if (!reader.ok() || !text) return;
  const auto found = find_subscription(services, context, *text);
  if (!found)
    return reader.fail(invalid(reader.field("subscription"), "there is no subscription of this id", "unknown_subscription"));
  subscription = (*found)->id;
}

net::Task<Answer> start(Services services, RequestContext& context, JobKind kind, JobFilter filter) {
  const auto job = co_await services.jobs.start(context.tenant->key, kind, std::move(filter));
  if (!job) co_return job.error();
  std::string body;
  append_job(body, *job);
  context.audit_after = body;
  net::HttpResponse response = json_answer(202, std::move(body));
  response.headers.push_back({"Location", "/api/v1/tenants/" + context.tenant->name + "/jobs/" + to_text(job->id)});
  co_return response;
}

enum class Patterns { refused, taken };

Result<JobFilter> read_filter_of(SubscriptionId subscription, std::string_view body, Patterns patterns) {
  const auto object = read_object(body);
  if (!object) return object.error();
  json::ObjectReader reader(*object, "");
  JobFilter filter;
  filter.subscription = subscription;
  read_times(reader, filter);
  if (patterns == Patterns::taken) read_patterns(reader, filter.topics);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return filter;
}

net::Task<Answer> recover(Services services, RequestContext& context) {
  const auto subscription = find_subscription(services, context, context.parameters[1]);
  if (!subscription) co_return subscription.error();
  auto filter = read_filter_of((*subscription)->id, context.request.body, Patterns::refused);
  if (!filter) co_return std::move(filter).error();
  co_return co_await start(services, context, JobKind::recover, std::move(*filter));
}

net::Task<Answer> replay_missing(Services services, RequestContext& context) {
  const auto subscription = find_subscription(services, context, context.parameters[1]);
  if (!subscription) co_return subscription.error();
  auto filter = read_filter_of((*subscription)->id, context.request.body, Patterns::taken);
  if (!filter) co_return std::move(filter).error();
  if (!(*subscription)->settings.enabled) {
    co_return conflict({}, "The subscription is disabled: no event matches it.", "subscription_disabled");
  }
  co_return co_await start(services, context, JobKind::replay_missing, std::move(*filter));
}

net::Task<Answer> resend(Services services, RequestContext& context) {
  const auto object = read_object(context.request.body);
  if (!object) co_return object.error();
  json::ObjectReader reader(*object, "");
  JobFilter filter;
  read_times(reader, filter);
  read_state(reader, filter.state);
  read_topic(reader, filter.topics);
  read_subscription(reader, services, context, filter.subscription);
  reader.only_these();
  if (!reader.ok()) co_return reader.error();
  co_return co_await start(services, context, JobKind::resend, std::move(filter));
}

net::Task<Answer> list_jobs(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto position = key_position(*page);
  if (!position) co_return position.error();
  store::ListJobs query;
  query.tenant = context.tenant->key;
  query.page = {page->limit, *position};
  if (const auto text = context.query.find("state"); text.data() != nullptr) {
    query.state = domain::parse_job_state(text);
    if (!query.state) co_return invalid("state", "must be one of: running, paused, done, cancelled, failed");
  }
  const auto found = co_await services.jobs.list(query);
  if (!found) co_return found.error();
  std::string body = R"({"items":[)";
  for (const Job& job : found->items) append_job(body, job);
  finish_page(body, context, found->next == 0 ? std::string() : std::to_string(found->next));
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_job(Services services, RequestContext& context) {
  const auto id = parse_id<domain::JobId>(context.parameters[1]);
  if (!id) co_return unknown_job();
  const auto job = co_await services.jobs.find(context.tenant->key, *id);
  if (!job) co_return explain(job.error());
  std::string body;
  append_job(body, *job);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> change(Services services, RequestContext& context, JobAction action) {
  const auto id = parse_id<domain::JobId>(context.parameters[1]);
  if (!id) co_return unknown_job();
  const auto job = co_await services.jobs.change(context.tenant->key, *id, action);
  if (!job) co_return explain(job.error());
  std::string body;
  append_job(body, *job);
  context.audit_after = body;
  co_return json_answer(202, std::move(body));
}

net::Task<Answer> pause(Services services, RequestContext& context) { return change(services, context, JobAction::pause); }
net::Task<Answer> resume(Services services, RequestContext& context) { return change(services, context, JobAction::resume); }
net::Task<Answer> cancel(Services services, RequestContext& context) { return change(services, context, JobAction::cancel); }

}  // namespace

void append_job(std::string& body, const Job& job) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(job.id));
  json.string("kind", domain::to_text(job.kind));
  json.string("state", domain::to_text(job.state));
  json.begin_object("progress");
  json.integer("done", static_cast<std::int64_t>(job.examined));
  if (job.total) {
    json.integer("total", static_cast<std::int64_t>(std::max(*job.total, job.examined)));
  } else {
    json.null("total");
  }
  json.integer("changed", static_cast<std::int64_t>(job.changed));
  json.integer("skipped", static_cast<std::int64_t>(job.skipped));
  json.end_object();
  json.string_or_null("subscription", job.filter.subscription.key ? to_text(job.filter.subscription) : std::string());
  json.string_or_null("status", job.filter.state ? domain::to_text(*job.filter.state) : std::string_view());
  std::string topics = "[";
  for (const std::string& topic : job.filter.topics) {
    if (topics.size() > 1) topics += ',';
    append_json_string(topics, topic);
  }
  json.raw("topics", topics + ']');
  if (job.kind == JobKind::erase) {
    json.null("since");
  } else {
    json.time("since", job.filter.since);
  }
  if (job.filter.until >= domain::kNeverDue) {
    json.null("until");
  } else {
    json.time("until", job.filter.until);
  }
  json.string_or_null("error", job.error);
  json.time("createdAt", job.created_at);
  json.time("updatedAt", job.updated_at);
  json.end_object();
}

void add_job_routes(std::vector<Route>& routes, const Services& services) {
  const auto post = [&](std::string_view pattern, BodyKind body, Call call) {
    routes.push_back({.method = Method::post,
                      .pattern = pattern,
                      .action = Action::write_jobs,
                      .binding = Binding::tenant,
                      .body = body,
                      .body_bytes_max = body == BodyKind::json ? kCatalogueBodyBytesMax : 0,
                      .handler = handler(services, call)});
  };
  post("/api/v1/tenants/{tenant}/subscriptions/{subscription}/recover", BodyKind::json, recover);
  post("/api/v1/tenants/{tenant}/subscriptions/{subscription}/replay-missing", BodyKind::json, replay_missing);
  post("/api/v1/tenants/{tenant}/deliveries/resend", BodyKind::json, resend);
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/jobs",
                    .action = Action::read_jobs,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor", "state"},
                    .handler = handler(services, list_jobs)});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/jobs/{job}",
                    .action = Action::read_jobs,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_job)});
  post("/api/v1/tenants/{tenant}/jobs/{job}/pause", BodyKind::optional_empty, pause);
  post("/api/v1/tenants/{tenant}/jobs/{job}/resume", BodyKind::optional_empty, resume);
  post("/api/v1/tenants/{tenant}/jobs/{job}/cancel", BodyKind::optional_empty, cancel);
}

}  // namespace posthorn::api::native
