// Statistics: counters by hour or day of a tenant, one of its topics, one of its subscriptions, or both together.
#include <algorithm>
#include <array>
#include <cmath>

#include "api/kit/answer.h"
#include "api/kit/json_writer.h"
#include "api/native/query_values.h"
#include "api/native/resources.h"
#include "api/native/subscription_reference.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using domain::Counters;
using domain::FailureKind;

constexpr std::int64_t kHoursADay = 24;

struct Window {
  std::int64_t from = 0;   // hours since 1970
  std::int64_t until = 0;  // exclusive
  std::int64_t step = 1;   // hours
  std::size_t steps() const { return static_cast<std::size_t>((until - from) / step); }
};

std::int64_t round_down(std::int64_t hour, std::int64_t step) { return hour - ((hour % step) + step) % step; }

// From the beginning of the step that `from` is in to the end of the one that `to` is in.
Result<Window> read_window(const Query& query, Timestamp now) {
  Window window;
  if (const auto text = query.find("step"); text.data() != nullptr && text != "hour") {
    if (text != "day") return invalid("step", "must be one of: hour, day");
    window.step = kHoursADay;
  }
  const auto from = read_time(query, "from");
  if (!from) return from.error();
  const auto to = read_time(query, "to");
  if (!to) return to.error();
  const Timestamp end = to->value_or(now);
  const Timestamp begin = from->value_or(end - std::chrono::hours(kHoursADay) * window.step);
  if (begin >= end) return invalid("from", "must be earlier than to");
  window.from = round_down(domain::hour_of(begin), window.step);
  window.until = round_down(domain::hour_of(end - Milliseconds(1)), window.step) + window.step;
  const std::int64_t most = window.step == 1 ? kStatisticsHoursMax : kStatisticsDaysMax;
  if (window.until - window.from > most * window.step) {
    return invalid("from", "must be at most " + std::to_string(most) + (window.step == 1 ? " hours" : " days") + " before to",
                   "out_of_range");
  }
  return window;
}

void append_latency(JsonWriter& json, std::string_view name, std::optional<double> latency) {
  if (latency) {
    json.raw(name, std::to_string(std::llround(*latency * 10) / 10) + '.' + std::to_string(std::llround(*latency * 10) % 10));
  } else {
    json.null(name);
  }
}

void append_counters(JsonWriter& json, const Counters& counters) {
  const auto count = [&](std::string_view name, std::uint64_t value) { json.integer(name, static_cast<std::int64_t>(value)); };
  count("accepted", counters.of(Counters::accepted));
  count("delivered", counters.of(Counters::delivered));
  count("exhausted", counters.of(Counters::exhausted));
  count("attempts", counters.of(Counters::attempts));
  json.begin_object("failedAttempts");
  for (int kind = 1; kind < Counters::kLatencyFrom - Counters::kFailuresFrom; ++kind) {
    const std::uint64_t failures = counters.failures(static_cast<FailureKind>(kind));
    if (failures > 0) count(domain::to_text(static_cast<FailureKind>(kind)), failures);
  }
  json.end_object();
  json.begin_object("latencyMs");
  append_latency(json, "p50", counters.latency_ms(0.50));
  append_latency(json, "p95", counters.latency_ms(0.95));
  append_latency(json, "p99", counters.latency_ms(0.99));
  json.end_object();
}

std::string to_json(const Window& window, const std::vector<store::HourCounters>& hours) {
  std::vector<Counters> steps(window.steps());
  Counters total;
  for (const auto& [hour, counters] : hours) {
    steps[static_cast<std::size_t>((hour - window.from) / window.step)].add(counters);
    total.add(counters);
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.string("step", window.step == 1 ? "hour" : "day");
  json.time("from", domain::start_of_hour(window.from));
  json.time("to", domain::start_of_hour(window.until));
  json.begin_object("total");
  append_counters(json, total);
  json.end_object();
  json.begin_array("items");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    json.begin_object();
    json.time("start", domain::start_of_hour(window.from + static_cast<std::int64_t>(i) * window.step));
    append_counters(json, steps[i]);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return body;
}

net::Task<Answer> get_statistics(Services services, RequestContext& context) {
  const auto window = read_window(context.query, services.clock.wall_now());
  if (!window) co_return window.error();
  const auto topic = read_topic_filter(context.query);
  if (!topic) co_return topic.error();
  store::ReadStatistics query{context.tenant->key, {}, *topic, window->from, window->until};
  if (const auto text = context.query.find("subscription"); text.data() != nullptr) {
    const auto subscription = find_subscription(services, context, text);
    if (!subscription) co_return invalid("subscription", "must be the id of a subscription", "unknown_subscription");
    query.subscription = (*subscription)->id.key;
  } else if (!context.reaches(SubscriptionKey())) {
    co_return invalid("subscription", "is required: you may see the statistics of your own subscriptions only", "required");
  }
  const auto hours = co_await net::until<Result<std::vector<store::HourCounters>>>(
      [&](auto done) { services.session.read_statistics(std::move(query), std::move(done)); });
  if (!hours) co_return hours.error();
  co_return json_answer(200, to_json(*window, *hours));
}

}  // namespace

void add_statistics_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/statistics",
                    .action = Action::read_statistics,
                    .binding = Binding::tenant,
                    .query = {"from", "to", "step", "topic", "subscription"},
                    .handler = handler(services, get_statistics),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
