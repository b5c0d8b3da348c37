#include "domain/outbound/lane_document.h"

#include <cmath>

#include "domain/outbound/subscription_parts.h"
#include "json/json_path.h"

namespace posthorn::domain {

namespace bj = boost::json;
using json::ObjectReader;

namespace {

constexpr double kPerSecondMin = 0.001;
constexpr double kPerSecondMax = 100'000;
constexpr std::int64_t kBurstMax = 100'000;
constexpr std::int64_t kConcurrencyMax = 64;
constexpr std::int64_t kBatchEventsInRequestMax = 1000;
constexpr std::int64_t kBatchBytesMax = 8 * 1024 * 1024;
constexpr std::int64_t kBatchBytesDefault = 256 * 1024;
constexpr std::int64_t kBatchWaitMax = 60'000;
constexpr std::int64_t kDisableAfterMsMax = Milliseconds(365 * 24h).count();

std::string_view to_text(Priority priority) {
  switch (priority) {
    case Priority::low:
      return "low";
    case Priority::normal:
      return "normal";
    case Priority::high:
      return "high";
  }
  return "";
}

// "none", "fifo" or {"key": a singular JSONPath over the event}.
void read_order(ObjectReader& outer, SubscriptionSettings& settings) {
  const bj::value* member = outer.member("order");
  if (member == nullptr) return;
  if (*member == bj::value("none") || *member == bj::value("fifo")) {
    settings.order = Order{*member == bj::value("fifo") ? Order::Mode::fifo : Order::Mode::none, {}, nullptr};
    return;
  }
  if (!member->is_object()) return outer.fail(invalid(outer.field("order"), R"(must be "none", "fifo" or {"key": JSONPath})"));
  ObjectReader reader(member->get_object(), outer.field("order"));
  Order order;
  order.mode = Order::Mode::keyed;
  reader.required("key");
  reader.string("key", order.key, json::kPathBytesMax, 1);
  reader.only_these();
  if (reader.ok()) {
    auto path = json::JsonPath::compile(order.key, reader.field("key"));
    if (!path) {
      reader.fail(std::move(path).error());
    } else if (!(*path)->singular()) {
      reader.fail(invalid(reader.field("key"), "must select one value: names and indexes only", "not_singular"));
    } else {
      order.path = std::move(*path);
    }
  }
  if (!reader.ok()) return outer.fail(reader.error());
  settings.order = std::move(order);
}

void read_concurrency(ObjectReader& reader, SubscriptionSettings& settings) {
  const bj::value* member = reader.member("concurrency");
  if (member == nullptr) return;
  settings.concurrency = 0;
  if (member->is_null()) return;
  std::int64_t concurrency = 0;
  reader.integer("concurrency", concurrency, 1, kConcurrencyMax);
  settings.concurrency = static_cast<std::uint32_t>(concurrency);
}

void read_priority(ObjectReader& reader, SubscriptionSettings& settings) {
  std::string word(to_text(settings.priority));
  reader.string("priority", word, 16);
  for (const auto priority : {Priority::low, Priority::normal, Priority::high}) {
    if (word != to_text(priority)) continue;
    settings.priority = priority;
    return;
  }
  reader.fail(invalid(reader.field("priority"), "must be one of: low, normal, high"));
}

void read_batching(ObjectReader& outer, SubscriptionSettings& settings) {
  const bj::value* member = outer.member("batching");
  if (member == nullptr) return;
  if (member->is_null()) return settings.batching.reset();
  const bj::object* object = outer.object("batching");
  if (object == nullptr) return;
  ObjectReader reader(*object, outer.field("batching"));
  std::int64_t events = 0;
  std::int64_t bytes = kBatchBytesDefault;
  std::int64_t wait = 0;
  reader.required("maxEvents");
  reader.integer("maxEvents", events, 1, kBatchEventsInRequestMax);
  reader.integer("maxBytes", bytes, 1024, kBatchBytesMax);
  reader.integer("maxWaitMs", wait, 0, kBatchWaitMax);
  reader.only_these();
  if (!reader.ok()) return outer.fail(reader.error());
  settings.batching = Batching{static_cast<std::uint32_t>(events), static_cast<std::uint32_t>(bytes), Milliseconds(wait)};
}

void read_disable_after(ObjectReader& reader, SubscriptionSettings& settings) {
  const bj::value* member = reader.member("disableAfterMs");
  if (member == nullptr) return;
  if (member->is_null()) return settings.disable_after.reset();
  std::int64_t after = 0;
  reader.integer("disableAfterMs", after, 0, kDisableAfterMsMax);
  settings.disable_after = Milliseconds(after);
}

}  // namespace

void read_rate_limit(ObjectReader& outer, std::optional<RateLimit>& limit) {
  const bj::value* member = outer.member("rateLimit");
  if (member == nullptr) return;
  if (member->is_null()) return limit.reset();
  const bj::object* object = outer.object("rateLimit");
  if (object == nullptr) return;
  ObjectReader reader(*object, outer.field("rateLimit"));
  double per_second = 0;
  std::int64_t burst = 1;
  reader.required("perSecond");
  reader.number("perSecond", per_second, kPerSecondMin, kPerSecondMax);
  reader.integer("burst", burst, 1, kBurstMax);
  reader.only_these();
  if (!reader.ok()) return outer.fail(reader.error());
  limit = RateLimit{per_second, static_cast<std::uint32_t>(burst)};
}

bj::value write_rate_limit(const std::optional<RateLimit>& limit) {
  if (!limit) return nullptr;
  bj::object object;
  // As people write it: 50, not 5E1.
  if (limit->per_second == std::floor(limit->per_second)) {
    object["perSecond"] = static_cast<std::int64_t>(limit->per_second);
  } else {
    object["perSecond"] = limit->per_second;
  }
  object["burst"] = limit->burst;
  return object;
}

Result<std::optional<RateLimit>> read_tenant_rate_limit(std::string_view settings) {
  auto value = json::parse(settings);
  if (!value) return std::move(value).error();
  std::optional<RateLimit> limit;
  if (!value->is_object()) return limit;
  ObjectReader reader(value->get_object(), "settings");
  read_rate_limit(reader, limit);
  if (!reader.ok()) return reader.error();
  return limit;
}

void read_lane(ObjectReader& reader, SubscriptionSettings& settings) {
  read_order(reader, settings);
  read_rate_limit(reader, settings.rate_limit);
  read_concurrency(reader, settings);
  read_priority(reader, settings);
  read_batching(reader, settings);
  read_disable_after(reader, settings);
}

void write_lane(const SubscriptionSettings& settings, bj::object& object) {
  switch (settings.order.mode) {
    case Order::Mode::none:
      object["order"] = "none";
      break;
    case Order::Mode::fifo:
      object["order"] = "fifo";
      break;
    case Order::Mode::keyed:
      object["order"] = bj::object{{"key", settings.order.key}};
      break;
  }
  object["rateLimit"] = write_rate_limit(settings.rate_limit);
  object["concurrency"] = settings.concurrency == 0 ? bj::value(nullptr) : bj::value(settings.concurrency);
  object["priority"] = to_text(settings.priority);
  object["batching"] = nullptr;
  if (settings.batching) {
    object["batching"] = bj::object{{"maxEvents", settings.batching->events_max},
                                    {"maxBytes", settings.batching->bytes_max},
                                    {"maxWaitMs", settings.batching->wait_max.count()}};
  }
  object["disableAfterMs"] = settings.disable_after ? bj::value(settings.disable_after->count()) : bj::value(nullptr);
}

}  // namespace posthorn::domain
