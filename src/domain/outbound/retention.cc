#include "domain/outbound/retention.h"

#include "json/reader.h"

namespace posthorn::domain {
namespace {

void read_days(json::ObjectReader& reader, std::string_view name, std::optional<std::chrono::hours>& target) {
  std::int64_t days = 0;
  reader.integer(name, days, 1, kRetentionDaysMax);
  if (reader.ok() && days > 0) target = std::chrono::days(days);
}

}  // namespace

Result<TenantRetention> read_retention(std::string_view settings) {
  TenantRetention retention;
  // Most tenants have none, and all of them are asked at every round of retention.
  if (settings.find("retention") == std::string_view::npos && settings.find('\\') == std::string_view::npos) return retention;
  const auto value = json::parse(settings);
  if (!value) return value.error();
  if (!value->is_object()) return invalid("settings", "must be an object", "wrong_type");
  json::ObjectReader outer(value->get_object(), "settings");
  const auto* object = outer.object("retention");
  if (!outer.ok()) return outer.error();
  if (object == nullptr) return retention;
  json::ObjectReader reader(*object, "settings/retention");
  read_days(reader, "payloadDays", retention.payloads);
  read_days(reader, "attemptDays", retention.attempts);
  read_days(reader, "deliveryDays", retention.deliveries);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return retention;
}

}  // namespace posthorn::domain
