// Retention: how long a tenant keeps what, when it keeps less than the server does. It stands in the tenant's settings:
//   {"retention":{"payloadDays":7,"attemptDays":30,"deliveryDays":60}}      each may be left out
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace posthorn::domain {

struct TenantRetention {
  std::optional<std::chrono::hours> payloads;
  std::optional<std::chrono::hours> attempts;
  std::optional<std::chrono::hours> deliveries;

  bool empty() const { return !payloads && !attempts && !deliveries; }
  friend bool operator==(const TenantRetention&, const TenantRetention&) = default;
};

inline constexpr std::int64_t kRetentionDaysMax = 3650;

// `settings`: the tenant's, a JSON object. Errors: invalid_argument naming "settings/retention/…" (whole days from 1 to
// kRetentionDaysMax).
Result<TenantRetention> read_retention(std::string_view settings);

}  // namespace posthorn::domain
