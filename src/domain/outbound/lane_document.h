// Rate limits as JSON: {"perSecond": 50, "burst": 1} or null. A subscription's and a tenant's have the same shape.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "domain/outbound/subscription.h"
#include "json/reader.h"

namespace posthorn::domain {

// The member "rateLimit"; absent: `limit` stays, null: none.
void read_rate_limit(json::ObjectReader& reader, std::optional<RateLimit>& limit);
boost::json::value write_rate_limit(const std::optional<RateLimit>& limit);

// Of Tenant::settings. Errors: invalid_argument, naming "settings/rateLimit…".
Result<std::optional<RateLimit>> read_tenant_rate_limit(std::string_view settings);

}  // namespace posthorn::domain
