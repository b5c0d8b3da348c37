#include "outbound/publisher.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "crypto/crypto.h"
#include "domain/outbound/event_document.h"
#include "domain/outbound/notice.h"
#include "domain/outbound/topic.h"
#include "observe/log.h"
#include "observe/trace.h"
#include "outbound/new_deliveries.h"

namespace posthorn::outbound {
namespace {

// Receivers get it as webhook-id, where '.' separates what is signed (Standard Webhooks), and it stands in URLs.
bool is_external_id(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == ':';
  });
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

crypto::Sha256 fingerprint_of(const PublishRequest& request) {
  const auto part = [](std::string& text, std::string_view value) {
    text += std::to_string(value.size());
    text += ':';
    text += value;
  };
  std::string text;
  text.reserve(request.data.size() + 256);
  part(text, request.topic);
  part(text, request.data);
  part(text, request.external_id);
  part(text, request.time ? to_rfc3339(*request.time) : std::string());
  part(text, request.user);
  part(text, request.scope);
  if (request.only_for) part(text, to_text(request.only_for->id));
  return crypto::sha256(text);
}

Error tenant_is_off() {
  return {ErrorKind::forbidden, "webhooks_disabled", "webhooks are switched off for this tenant", {}, std::nullopt};
}

Error no_room() {
  return unavailable("too many deliveries of earlier events are still to be made", "fanout_busy", kFanoutBusyRetryAfter);
}

}  // namespace

Publisher::Publisher(EventLoop& loop, store::Session& session, const Catalogue& catalogue, const Clock& clock, IdSource& ids,
                     RunnableGate& gate, OrderHorizon& horizon, FanoutRoom& room, observe::Metrics& metrics,
                     PublishLimits limits, WorkSink sink)
    : loop_(loop),
      session_(session),
      catalogue_(catalogue),
      clock_(clock),
      ids_(ids),
      gate_(gate),
      horizon_(horizon),
      room_(room),
      metrics_(metrics),
      limits_(limits),
      sink_(std::move(sink)),
      random_(random_seed()) {}

Status check_external_id(std::string_view id, std::string field) {
  if (id.size() > kExternalIdBytesMax || !is_external_id(id)) {
    return invalid(std::move(field),
                   "must be 1 to " + std::to_string(kExternalIdBytesMax) + " letters, digits, '_', '-' and ':'");
  }
  if (parse_raw_id(id)) return invalid(std::move(field), "must not have the form of the server's own ids (UUID version 7)");
  return {};
}

Status Publisher::check(const PublishRequest& request) const {
  if (auto topic = domain::check_topic(request.topic, "topic"); !topic) return topic;
  if (domain::is_reserved_topic(request.topic)) {
    return invalid("topic", "is one of the server's own: nobody else publishes it", "reserved");
  }
  if (request.data.size() > limits_.event_body_bytes_max) {
    return Error{ErrorKind::payload_too_large, "payload_too_large",
                 "must be at most " + std::to_string(limits_.event_body_bytes_max) + " bytes long", "data", std::nullopt};
  }
  if (auto id = check_external_id(request.external_id, "id"); !id) return id;
  if (request.user.size() > kUserBytesMax) {
    return invalid("user", "must be at most " + std::to_string(kUserBytesMax) + " bytes long", "too_long");
  }
  if (request.idempotency_key.size() > kIdempotencyKeyBytesMax || !is_printable_ascii(request.idempotency_key)) {
    return invalid("Idempotency-Key",
                   "must be at most " + std::to_string(kIdempotencyKeyBytesMax) + " characters of printable ASCII");
  }
  return {};
}

Result<std::uint32_t> read_hops(const net::HeaderViews& headers) {
  std::uint32_t hops = 0;
  for (const auto& header : headers) {
    if (!equals_ignoring_case(header.name, domain::kHopsHeader)) continue;
    std::uint32_t number = 0;
    const auto& text = header.value;
    const auto [read, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || read != text.data() + text.size())
      return invalid(std::string(domain::kHopsHeader), "must be a whole number");
    hops = std::max(hops, number);
  }
  if (hops < domain::kHopsMax) return hops;
  return invalid(std::string(domain::kHopsHeader),
                 "deliveries that publish events that are delivered go round in a loop: one of these subscriptions sends to a "
                 "publish call",
                 "too_many_hops");
}

Status Publisher::check_content(TenantKey tenant, std::string_view topic, std::string_view scope, std::string_view data) const {
  if (!scope.empty() && !catalogue_.find_scope(tenant, scope)) {
    return invalid("scope", "there is no scope of this name", "unknown_scope");
  }
  const auto known = catalogue_.find_topic(tenant, topic);
  if (!known.topic) return invalid("topic", "there is no topic of this name: make it first", "unknown_topic");
  return known.schema ? known.schema->validate(data, "data") : Status{};
}

std::shared_ptr<domain::Event> Publisher::make_event(const domain::Tenant& tenant, const PublishRequest& request) {
  auto event = std::make_shared<domain::Event>();
  event->tenant = tenant.key;
  event->topic = request.topic;
  event->accepted_at = clock_.schedule_now();
  event->time = request.time.value_or(clock_.wall_now());
  event->external_id = request.external_id;
  event->user = request.user;
  event->scope = request.scope;
  event->traceparent = observe::is_traceparent(request.traceparent) ? request.traceparent : observe::make_traceparent(random_);
  event->hops = request.hops;
  event->payload = request.data;
  return event;
}

Result<domain::EventPtr> Publisher::preview(const domain::Tenant& tenant, const PublishRequest& request) {
  if (!tenant.webhooks_enabled) return tenant_is_off();
  if (auto checked = check(request); !checked) return std::move(checked).error();
  if (auto checked = check_content(tenant.key, request.topic, request.scope, request.data); !checked)
    return std::move(checked).error();
  return domain::EventPtr(make_event(tenant, request));
}

Publisher::Prepared Publisher::with_deliveries(std::shared_ptr<domain::Event> event, domain::EventDocument& document,
                                               const std::vector<domain::SubscriptionPtr>& matched) {
  Prepared prepared;
  prepared.passage = give_id(*event, matched, ids_, horizon_);
  make_deliveries(prepared.write, matched, ids_, document);
  prepared.write.event = std::move(event);
  return prepared;
}

bool Publisher::take_room(Prepared& prepared) {
  store::SubscriptionSet& rest = prepared.write.rest;
  if (rest == nullptr) return true;
  if (last_rest_ && *last_rest_ == *rest) {
    rest = last_rest_;
  } else {
    auto place = room_.take(fanout_bytes(*rest));
    if (!place) return false;
    rest = last_rest_ = keep_place(std::move(rest), std::move(place));
  }
  prepared.place = room_.take(fanout_bytes(*prepared.write.event));
  return prepared.place != nullptr;
}

// A repeat is answered as the first was, whatever has changed since: the store knows whether it is one.
Result<Publisher::Prepared> Publisher::refuse(const domain::Tenant& tenant, const PublishRequest& request, Error error) {
  if (request.idempotency_key.empty() && request.external_id.empty()) return error;
  auto event = make_event(tenant, request);
  event->id = ids_.next<EventId>();
  Prepared prepared;
  prepared.write.event = std::move(event);
  prepared.write.refusal = std::move(error);
  return prepared;
}

Result<Publisher::Prepared> Publisher::prepare(const domain::Tenant& tenant, const PublishRequest& request) {
  if (auto checked = check(request); !checked) return std::move(checked).error();
  auto prepared = match(tenant, request);
  if (!prepared) return prepared;
  if (!request.idempotency_key.empty()) prepared->write.idempotency = store::Idempotency{request.idempotency_key};
  if (!request.idempotency_key.empty() || !request.external_id.empty()) prepared->write.fingerprint = fingerprint_of(request);
  return prepared;
}

Result<Publisher::Prepared> Publisher::match(const domain::Tenant& tenant, const PublishRequest& request) {
  if (auto checked = check_content(tenant.key, request.topic, request.scope, request.data); !checked)
    return refuse(tenant, request, std::move(checked).error());
  const auto event = make_event(tenant, request);
  domain::EventDocument document(*event, tenant.name);
  Prepared prepared =
      with_deliveries(event, document, request.only_for ? std::vector{request.only_for} : catalogue_.match(*event, document));
  prepared.request_id = request.request_id;
  if (!take_room(prepared)) return refuse(tenant, request, no_room());
  if (request.only_for) return prepared;

  const auto derived = catalogue_.automations().derive(
      *event, document, tenant.name, limits_.event_body_bytes_max,
      [&](const domain::Event& made) { return check_content(made.tenant, made.topic, made.scope, made.payload); });
  for (const auto& made : derived) {
    domain::EventDocument seen(*made, tenant.name);
    prepared.derived.push_back(with_deliveries(made, seen, catalogue_.match(*made, seen)));
    prepared.derived.back().request_id = request.request_id;
    if (!take_room(prepared.derived.back())) return refuse(tenant, request, no_room());
    prepared.write.derived.push_back(prepared.derived.back().write);
  }
  return prepared;
}

// After the commit.
void Publisher::hand_over(const domain::Tenant& tenant, Prepared prepared) {
  metrics_.events_accepted.add();
  metrics_.deliveries_created.add(prepared.write.matched);
  if (observe::log_enabled(observe::Level::debug)) {
    const auto& event = *prepared.write.event;
    observe::log(observe::Level::debug, "event accepted",
                 {{"tenant", tenant.name},
                  {"request", prepared.request_id},
                  {"event", to_text(event.id)},
                  {"topic", event.topic},
                  {"deliveries", prepared.write.matched}});
  }
  sink_({prepared.write.event, std::move(prepared.write.deliveries), std::move(prepared.write.rest),
         std::move(prepared.passage), std::move(prepared.place)});
  for (auto& derived : prepared.derived) hand_over(tenant, std::move(derived));
}

double Publisher::seconds_since(SteadyTime start) const {
  return std::chrono::duration<double>(clock_.steady_now() - start).count();
}

net::Task<> Publisher::Turn::next() {
  co_await net::until<int>([&](auto done) { loop_.post([done = std::move(done)]() mutable { done(0); }); });
  start_ = clock_.steady_now();
}

net::Task<> Publisher::wait_for_room() {
  std::unique_ptr<Alarm> limit;
  co_await net::until<int>([&](auto done) {
    auto shared = std::make_shared<UniqueFunction<void(int)>>(std::move(done));
    const auto once = [shared] {
      if (*shared) std::exchange(*shared, nullptr)(0);
    };
    limit = loop_.make_alarm(once);
    limit->set(clock_.steady_now() + kPublishHoldMax);
    gate_.when_open(loop_, once);
  });
}

net::Task<std::vector<Result<Published>>> Publisher::accept(const domain::Tenant& tenant,
                                                            std::vector<Result<Prepared>> prepared) {
  store::AcceptEvents write;
  for (auto& one : prepared) {
    if (one) write.events.push_back(one->write);
  }
  std::vector<Result<store::AcceptedEvent>> accepted;
  if (!write.events.empty()) {
    const std::size_t count = write.events.size();
    auto result = co_await net::until<Result<std::vector<Result<store::AcceptedEvent>>>>(
        [&](auto done) { session_.accept_events(std::move(write), std::move(done)); });
    if (result) {
      accepted = std::move(*result);
    } else {
      accepted.assign(count, result.error());
    }
  }

  std::vector<Result<Published>> published;
  published.reserve(prepared.size());
  std::size_t next = 0;
  Turn turn(loop_, clock_);
  for (auto& one : prepared) {
    if (turn.is_over()) co_await turn.next();
    if (!one) {
      metrics_.events_refused.add();
      published.emplace_back(std::move(one).error());
      continue;
    }
    auto& answer = accepted[next++];
    auto passage = std::move(one->passage);  // whatever becomes of the event, it is on its way no longer than this
    if (!answer) {
      metrics_.events_refused.add();
      published.emplace_back(std::move(answer).error());
      continue;
    }
    published.emplace_back(Published{answer->id, answer->external_id, answer->deliveries, answer->replayed});
    if (answer->replayed) continue;
    one->passage = std::move(passage);
    hand_over(tenant, std::move(*one));
  }
  if (gate_.closed()) co_await wait_for_room();
  co_return published;
}

net::Task<Result<Published>> Publisher::publish(const domain::Tenant& tenant, PublishRequest request) {
  if (!tenant.webhooks_enabled) co_return tenant_is_off();
  const SteadyTime start = clock_.steady_now();
  std::vector<Result<Prepared>> prepared;
  prepared.push_back(prepare(tenant, request));
  auto published = co_await accept(tenant, std::move(prepared));
  metrics_.publish_seconds.observe_seconds(seconds_since(start));
  co_return std::move(published.front());
}

net::Task<Result<std::vector<Result<Published>>>> Publisher::publish_batch(const domain::Tenant& tenant,
                                                                           std::vector<PublishRequest> requests) {
  if (!tenant.webhooks_enabled) co_return tenant_is_off();
  if (requests.size() > kBatchEventsMax) {
    co_return invalid("events", "must have at most " + std::to_string(kBatchEventsMax) + " items", "too_long");
  }
  const SteadyTime start = clock_.steady_now();
  std::vector<Result<Prepared>> prepared;
  prepared.reserve(requests.size());
  Turn turn(loop_, clock_);
  for (const auto& request : requests) {
    if (turn.is_over()) co_await turn.next();
    prepared.push_back(prepare(tenant, request));
  }
  auto published = co_await accept(tenant, std::move(prepared));
  metrics_.publish_seconds.observe_seconds(seconds_since(start));
  co_return published;
}

}  // namespace posthorn::outbound
