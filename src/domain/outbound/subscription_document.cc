#include "domain/outbound/subscription_document.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/text.h"
#include "domain/outbound/format.h"
#include "domain/outbound/predicate_list.h"
#include "domain/outbound/signature.h"
#include "domain/outbound/topic.h"
#include "json/reader.h"
#include "net/http.h"
#include "net/url.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

constexpr auto kDelayMsMax = Milliseconds(kRetryDelayMax).count();

std::string item_field(const ObjectReader& reader, std::string_view name, std::size_t index) {
  return reader.field(name) + "/" + std::to_string(index);
}

// The member as a list of texts; leaves `target` alone when it is absent.
bool read_texts(ObjectReader& reader, std::string_view name, std::size_t items_max, std::vector<std::string>& target) {
  const bj::array* array = reader.array(name, items_max);
  if (array == nullptr) return false;
  std::vector<std::string> texts;
  for (const auto& item : *array) {
    if (!item.is_string()) {
      reader.fail(invalid(item_field(reader, name, texts.size()), "must be a string", "wrong_type"));
      return false;
    }
    texts.emplace_back(item.get_string());
  }
  target = std::move(texts);
  return true;
}

void read_url(ObjectReader& reader, SubscriptionSettings& settings) {
  std::string text = settings.url;
  reader.string("url", text, kUrlBytesMax);
  if (!reader.ok() || text == settings.url) return;
  auto url = net::parse_url(text, reader.field("url"));
  if (!url) return reader.fail(std::move(url).error());
  settings.url = url->text();
}

void read_topics(ObjectReader& reader, SubscriptionSettings& settings) {
  if (!read_texts(reader, "topics", kTopicPatternsMax, settings.topics)) return;
  for (std::size_t i = 0; i < settings.topics.size(); ++i) {
    if (auto checked = check_topic_pattern(settings.topics[i], item_field(reader, "topics", i)); !checked) {
      return reader.fail(std::move(checked).error());
    }
  }
}

void read_format(ObjectReader& reader, SubscriptionSettings& settings) {
  std::string word(to_text(settings.format));
  reader.string("format", word, 64);
  const auto format = parse_format(word);
  if (!format) return reader.fail(invalid(reader.field("format"), "must be one of: standard, raw"));
  settings.format = *format;
}

void read_signatures(ObjectReader& reader, SubscriptionSettings& settings) {
  std::vector<std::string> words;
  if (!read_texts(reader, "signatures", 16, words)) return;
  settings.signatures.clear();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto scheme = parse_signature_scheme(words[i]);
    if (!scheme) return reader.fail(invalid(item_field(reader, "signatures", i), "must be one of: v1"));
    for (const auto earlier : settings.signatures) {
      if (earlier == *scheme) return reader.fail(invalid(item_field(reader, "signatures", i), "is there twice"));
    }
    settings.signatures.push_back(*scheme);
  }
}

bool is_reserved_header(std::string_view name) {
  const std::string lower = to_ascii_lower(name);
  return net::is_transport_header(name) || lower.starts_with("webhook-") || lower == "content-type" ||
         lower == "content-encoding" || lower == "traceparent";
}

void read_headers(ObjectReader& reader, SubscriptionSettings& settings) {
  const bj::object* object = reader.object("headers");
  if (object == nullptr) return;
  if (object->size() > kCustomHeadersMax) {
    return reader.fail(
        invalid(reader.field("headers"), "must have at most " + std::to_string(kCustomHeadersMax) + " members", "too_long"));
  }
  std::vector<Header> headers;
  for (const auto& [key, value] : *object) {
    const std::string_view name = key;
    const std::string field = reader.field("headers") + "/" + std::string(name);
    if (!net::is_header_name(name)) return reader.fail(invalid(field, "is not a header name"));
    if (is_reserved_header(name)) return reader.fail(invalid(field, "is a header that the server sets itself"));
    if (!value.is_string()) return reader.fail(invalid(field, "must be a string", "wrong_type"));
    const std::string_view text = value.get_string();
    if (name.size() + text.size() > kCustomHeaderBytesMax) return reader.fail(invalid(field, "is too long", "too_long"));
    if (!net::is_header_value(text)) return reader.fail(invalid(field, "has a character that a header value cannot have"));
    for (const auto& earlier : headers) {
      if (equals_ignoring_case(earlier.name, name)) return reader.fail(invalid(field, "is there twice"));
    }
    headers.push_back({std::string(name), std::string(text)});
  }
  settings.headers = std::move(headers);
}

void read_schedule(ObjectReader& reader, RetryPolicy& policy) {
  const bj::array* array = reader.array("scheduleMs", kRetriesMax);
  if (array == nullptr) return;
  policy.delays.clear();
  for (const auto& item : *array) {
    const auto* number = item.if_int64();
    if (number == nullptr || *number < 0 || *number > kDelayMsMax) {
      return reader.fail(invalid(item_field(reader, "scheduleMs", policy.delays.size()),
                                 "must be a whole number from 0 to " + std::to_string(kDelayMsMax), "out_of_range"));
    }
    policy.delays.emplace_back(*number);
  }
}

void read_exponential(ObjectReader& reader, RetryPolicy& policy) {
  std::int64_t base = 0;
  std::int64_t max = kDelayMsMax;
  std::int64_t retries = 0;
  double factor = 2.0;
  reader.required("baseMs").required("retries");
  reader.integer("baseMs", base, 1, kDelayMsMax);
  reader.number("factor", factor, 1.0, 100.0);
  reader.integer("maxMs", max, 1, kDelayMsMax);
  reader.integer("retries", retries, 0, static_cast<std::int64_t>(kRetriesMax));
  if (!reader.ok()) return;
  policy.delays = exponential_delays(Milliseconds(base), factor, Milliseconds(max), static_cast<std::uint32_t>(retries));
}

// One of three shapes: {"preset"}, {"scheduleMs"}, {"baseMs","factor","maxMs","retries"}; each with "jitter".
void read_retry(ObjectReader& outer, SubscriptionSettings& settings) {
  const bj::object* object = outer.object("retry");
  if (object == nullptr) return;
  ObjectReader reader(*object, outer.field("retry"));
  RetryPolicy policy = standard_retry_policy();
  std::string preset;
  if (object->contains("preset")) {
    reader.string("preset", preset, 64);
    if (reader.ok() && preset != "standard") reader.fail(invalid(reader.field("preset"), "must be one of: standard"));
  } else if (object->contains("scheduleMs")) {
    read_schedule(reader, policy);
  } else if (object->contains("baseMs")) {
    read_exponential(reader, policy);
  } else {
    reader.fail(invalid(outer.field("retry"), "must have one of: preset, scheduleMs, baseMs", "required"));
  }
  reader.number("jitter", policy.jitter, 0.0, 1.0);
  reader.only_these();
  if (!reader.ok()) return outer.fail(reader.error());
  settings.retry = std::move(policy);
  settings.retry_preset = preset;
}

// Members of the fixed call whose features are not in this version: only the value that means "none of it".
void read_not_yet(ObjectReader& reader) {
  const std::string words = "is not available in this version";
  if (const auto* order = reader.member("order"); order != nullptr && *order != bj::value("none")) {
    reader.fail(invalid(reader.field("order"), words + " (only \"none\")", "not_available"));
  }
  if (const auto* rate = reader.member("rateLimit"); rate != nullptr && !rate->is_null()) {
    reader.fail(invalid(reader.field("rateLimit"), words + " (only null)", "not_available"));
  }
}

}  // namespace

Result<SubscriptionSettings> read_settings(const bj::object& object, SubscriptionSettings base) {
  SubscriptionSettings settings = std::move(base);
  ObjectReader reader(object, "");
  read_url(reader, settings);
  read_topics(reader, settings);
  std::optional<std::string> scope = settings.scope;
  reader.optional_string("scope", scope, kNameBytesMax);
  settings.scope = scope.value_or("");
  std::optional<std::string> description = settings.description;
  reader.optional_string("description", description, kDescriptionBytesMax);
  settings.description = description.value_or("");
  read_format(reader, settings);
  read_signatures(reader, settings);
  read_headers(reader, settings);
  read_retry(reader, settings);
  std::int64_t timeout = settings.timeout.count();
  reader.integer("timeoutMs", timeout, Milliseconds(kAttemptTimeoutMin).count(), Milliseconds(kAttemptTimeoutMax).count());
  settings.timeout = Milliseconds(timeout);
  reader.boolean("enabled", settings.enabled);
  read_predicates(reader, settings);
  read_not_yet(reader);
  reader.member("secret");
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return settings;
}

Status check_settings(const SubscriptionSettings& settings) {
  if (settings.url.empty()) return invalid("url", "is required", "required");
  if (settings.topics.empty()) return invalid("topics", "must name at least one topic or pattern", "required");
  return {};
}

bj::object write_settings(const SubscriptionSettings& settings) {
  bj::array topics(settings.topics.begin(), settings.topics.end());
  bj::array signatures;
  for (const auto scheme : settings.signatures) signatures.emplace_back(to_text(scheme));
  bj::object headers;
  for (const auto& header : settings.headers) headers[header.name] = header.value;
  bj::object retry;
  if (settings.retry_preset.empty()) {
    bj::array delays;
    for (const auto delay : settings.retry.delays) delays.emplace_back(delay.count());
    retry["scheduleMs"] = std::move(delays);
  } else {
    retry["preset"] = settings.retry_preset;
  }
  retry["jitter"] = settings.retry.jitter;

  bj::object object;
  object["url"] = settings.url;
  object["topics"] = std::move(topics);
  object["scope"] = settings.scope.empty() ? bj::value(nullptr) : bj::value(settings.scope);
  object["description"] = settings.description;
  object["format"] = to_text(settings.format);
  object["signatures"] = std::move(signatures);
  object["headers"] = std::move(headers);
  object["include"] = write_predicates(settings.include);
  object["exclude"] = write_predicates(settings.exclude);
  object["retry"] = std::move(retry);
  object["timeoutMs"] = settings.timeout.count();
  object["order"] = "none";
  object["rateLimit"] = nullptr;
  object["enabled"] = settings.enabled;
  return object;
}

std::string encode_settings(const SubscriptionSettings& settings) { return bj::serialize(write_settings(settings)); }

Result<SubscriptionSettings> decode_settings(std::string_view text) {
  auto value = json::parse(text);
  if (!value) return std::move(value).error();
  if (!value->is_object()) return internal_error("a stored subscription is not a JSON object");
  return read_settings(value->get_object(), SubscriptionSettings{});
}

}  // namespace posthorn::domain
