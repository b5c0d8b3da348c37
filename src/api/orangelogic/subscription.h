// A subscription as Orange Logic's webhook calls show it, and back. Pure. Names of members are read without regard to case.
#pragma once

#include <boost/json/object.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/outbound/subscription.h"

namespace posthorn::api::orangelogic {

// The object with its members' names spelled as in `known`. Errors, naming the member: one that is not known, one that is there
// twice.
Result<boost::json::object> with_known_names(const boost::json::object& object, std::initializer_list<std::string_view> known);
// The same of a request's body. Further errors: malformed.
Result<boost::json::object> read_members(std::string_view body, std::initializer_list<std::string_view> known);

// A new subscription, before its members are read: Orange Logic's format and retries, unsigned until rotatesecret is called.
domain::SubscriptionSettings blank_subscription();

// Reads the members that are there (names as with_known_names gives them) over `base`. Errors name Orange Logic's member.
Result<domain::SubscriptionSettings> read_subscription(const boost::json::object& object, domain::SubscriptionSettings base);

bool is_subscription(const domain::Subscription& subscription);

boost::json::object write_subscription(const domain::Subscription& subscription);

}  // namespace posthorn::api::orangelogic
