#include "domain/outbound/subscription_document.h"

#include <boost/json/serialize.hpp>

#include "domain/outbound/authentication_document.h"
#include "domain/outbound/batch.h"
#include "domain/outbound/subscription_parts.h"
#include "json/reader.h"

namespace posthorn::domain {

namespace bj = boost::json;

Result<SubscriptionSettings> read_settings(const bj::object& object, SubscriptionSettings base) {
  SubscriptionSettings settings = std::move(base);
  json::ObjectReader reader(object, "");
  read_identity(reader, settings);
  read_target(reader, settings);
  read_signing(reader, settings);
  read_headers(reader, settings);
  read_predicates(reader, settings);
  read_retry(reader, settings);
  read_lane(reader, settings);
  read_transform(reader, settings);
  reader.boolean("enabled", settings.enabled);
  reader.boolean("handshake", settings.handshake);
  reader.member("secret");
  for (const auto name : kAuthenticationMembers) reader.member(name);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return settings;
}

Status check_settings(const SubscriptionSettings& settings) {
  if (settings.kind == Kind::push && settings.url.empty()) return invalid("url", "is required", "required");
  if (settings.kind == Kind::poll && !settings.url.empty()) {
    return invalid("url", "must not be there: a subscription of kind poll is read by its consumer");
  }
  if (settings.topics.empty()) return invalid("topics", "must name at least one topic or pattern", "required");
  if (settings.transform && settings.batching) return invalid("transform", "cannot be combined with batching");
  if (settings.batching && !can_batch(settings.format)) {
    return invalid("batching", "several events in one request have no form in this format", "not_for_format");
  }
  return check_signing(settings);
}

bj::object write_settings(const SubscriptionSettings& settings) {
  bj::object object;
  write_identity(settings, object);
  write_target(settings, object);
  write_signing(settings, object);
  write_headers(settings, object);
  write_predicates(settings, object);
  write_retry(settings, object);
  write_lane(settings, object);
  write_transform(settings, object);
  object["enabled"] = settings.enabled;
  object["handshake"] = settings.handshake;
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
