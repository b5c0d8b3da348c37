// Test delivery: one request to an endpoint, answered with all that came back.
#include <algorithm>
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/native/resources.h"
#include "base/text.h"
#include "domain/outbound/format.h"
#include "json/plain_text.h"
#include "json/reader.h"
#include "net/http.h"
#include "outbound/test_delivery.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using outbound::TestCall;
using outbound::TestReport;

constexpr std::string_view kDefaultPayload = R"({"test":true})";

void read_headers(json::ObjectReader& reader, TestCall& call) {
  const auto* object = reader.object("headers");
  if (object == nullptr) return;
  if (object->size() > kCustomHeadersMax) {
    return reader.fail(invalid("headers", "must have at most " + std::to_string(kCustomHeadersMax) + " members", "too_long"));
  }
  for (const auto& [key, value] : *object) {
    const std::string name{std::string_view(key)};
    const std::string field = "headers/" + name;
    if (!net::is_header_name(name)) return reader.fail(invalid(field, "is not a header name"));
    const bool signs = call.subscription && to_ascii_lower(name).starts_with("webhook-");
    if (net::is_transport_header(name) || signs) return reader.fail(invalid(field, "is a header that the server sets itself"));
    if (!value.is_string()) return reader.fail(invalid(field, "must be a string", "wrong_type"));
    const std::string_view text = value.get_string();
    if (name.size() + text.size() > kCustomHeaderBytesMax) return reader.fail(invalid(field, "is too long", "too_long"));
    if (!net::is_header_value(text)) return reader.fail(invalid(field, "has a character that a header value cannot have"));
    call.headers.push_back({name, std::string(text)});
  }
}

void read_format(json::ObjectReader& reader, TestCall& call) {
  std::string word;
  reader.string("format", word, 64, 1);
  if (word.empty()) return;
  call.format = domain::parse_format(word);
  if (!call.format) reader.fail(invalid("format", "must be one of: " + domain::format_words()));
}

// Either a URL or a subscription of the tenant that the caller may test.
void read_target(json::ObjectReader& reader, const Services& services, const RequestContext& context, TestCall& call) {
  std::string id;
  reader.string("url", call.url, kUrlBytesMax);
  reader.string("subscription", id, 256);
  if (!reader.ok()) return;
  if (id.empty() == call.url.empty()) {
    return reader.fail(invalid("url", "give either \"url\" or \"subscription\"", "required"));
  }
  if (id.empty()) {
    if (!context.reaches(SubscriptionKey())) {
      return reader.fail(invalid("subscription", "is required: you may test your own subscriptions only", "required"));
    }
    if (auto url = net::parse_url(call.url, "url"); !url) reader.fail(std::move(url).error());
    return;
  }
  const auto parsed = parse_id<SubscriptionId>(id);
  call.subscription = parsed ? services.catalogue.find_subscription(context.tenant->key, *parsed)
                             : services.catalogue.find_subscription_by_uid(context.tenant->key, id);
  if (!call.subscription || !context.reaches(call.subscription->id.key)) {
    return reader.fail(invalid("subscription", "there is no subscription of this id", "unknown_subscription"));
  }
  call.timeout = call.subscription->settings.timeout;
  const auto& topics = call.subscription->settings.topics;
  const auto plain = std::find_if(topics.begin(), topics.end(), [](const auto& t) { return t.find('*') == std::string::npos; });
  if (plain != topics.end()) call.topic = *plain;
}

// A string is text for a URL alone, as long as no format wants JSON; anything else is JSON, byte for byte.
void read_payload(json::ObjectReader& reader, std::string_view body, TestCall& call) {
  const auto* payload = reader.member("payload");
  if (payload == nullptr) {
    call.payload = kDefaultPayload;
  } else if (payload->is_string() && !call.subscription && !call.format) {
    call.payload_kind = TestCall::Payload::text;
    call.payload = std::string_view(payload->get_string());
  } else {
    call.payload = payload->is_null() ? "null" : raw_document(body, "payload");
  }
}

Result<TestCall> read_call(const Services& services, const RequestContext& context) {
  const auto object = read_object(context.request.body);
  if (!object) return object.error();
  json::ObjectReader reader(*object, "");
  TestCall call;
  call.tenant = context.tenant->key;
  call.tenant_name = context.tenant->name;
  read_target(reader, services, context, call);
  read_format(reader, call);
  reader.string("topic", call.topic, kTopicBytesMax, 1);
  if (reader.ok()) read_headers(reader, call);
  std::int64_t timeout = call.timeout.count();
  reader.integer("timeoutMs", timeout, Milliseconds(kAttemptTimeoutMin).count(), Milliseconds(kAttemptTimeoutMax).count());
  call.timeout = Milliseconds(timeout);
  read_payload(reader, context.request.body, call);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return call;
}

void append_tls(JsonWriter& json, const net::TlsFacts* tls) {
  if (tls == nullptr) {
    json.null("tls");
    return;
  }
  json.begin_object("tls");
  json.string("version", tls->version);
  json.string("cipher", tls->cipher);
  json.begin_object("certificate");
  json.string("subject", tls->subject);
  json.string("issuer", tls->issuer);
  json.time("notBefore", tls->not_before);
  json.time("notAfter", tls->not_after);
  json.end_object();
  json.end_object();
}

// Repeated headers are joined as RFC 9110, 5.3 allows; Set-Cookie, which may not be, keeps its first.
void append_headers(JsonWriter& json, const std::vector<net::OwnedHeader>& headers) {
  std::vector<net::OwnedHeader> shown;
  for (const auto& header : headers) {
    const auto same = std::find_if(shown.begin(), shown.end(), [&](const auto& one) { return one.name == header.name; });
    if (same == shown.end()) {
      shown.push_back(header);
    } else if (header.name != "set-cookie") {
      same->value += ", " + header.value;
    }
  }
  json.begin_object("headers");
  for (const auto& header : shown) json.string(header.name, header.value);
  json.end_object();
}

net::HttpResponse answer_of(const TestReport& report) {
  std::string body;
  JsonWriter json(body);
  const auto& response = report.response;
  const bool text = is_valid_utf8(response.body);
  json.begin_object();
  if (response.status == 0) {
    json.null("status");
  } else {
    json.integer("status", response.status);
  }
  append_headers(json, response.headers);
  json.string("body", text ? response.body : base64_encode(response.body));
  json.string("bodyEncoding", text ? "text" : "base64");
  json.boolean("bodyComplete", response.body_complete);
  json.integer("durationMs", std::chrono::round<Milliseconds>(report.duration).count());
  append_tls(json, response.tls.get());
  if (report.failure == domain::FailureKind::none) {
    json.null("error");
  } else {
    json.begin_object("error");
    json.string("kind", domain::to_text(report.failure));
    json.string("detail", report.detail);
    json.end_object();
  }
  json.end_object();
  return json_answer(200, std::move(body));
}

net::Task<Answer> test_delivery(Services services, RequestContext& context) {
  auto call = read_call(services, context);
  if (!call) co_return std::move(call).error();
  const auto report = co_await services.tests->send(std::move(*call));
  if (!report) co_return report.error();
  co_return answer_of(*report);
}

}  // namespace

void add_test_delivery_routes(std::vector<Route>& routes, const Services& services) {
  if (services.tests == nullptr) return;
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/test-delivery",
                    .action = Action::test_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, test_delivery),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
