// SubscriptionSettings as a JSON object: read strictly from what a caller sends and from what the store keeps.
// The same names as the native API (camelCase).
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

// Reads a caller's object over `base` (members that are absent keep base's values; for creation: a default one).
// Unknown members, wrong types and values out of range are errors that name the member. `url` syntax is checked here
// (net::parse_url); "secret" and kAuthenticationMembers (authentication_document.h) are left to the caller.
Result<SubscriptionSettings> read_settings(const boost::json::object& object, SubscriptionSettings base);

// Checks that hold for a whole settings value: url and topics are there.
Status check_settings(const SubscriptionSettings& settings);

boost::json::object write_settings(const SubscriptionSettings& settings);

// For the store: text of write_settings, and back. decode_settings fails only on a damaged row.
std::string encode_settings(const SubscriptionSettings& settings);
Result<SubscriptionSettings> decode_settings(std::string_view text);

}  // namespace posthorn::domain
