// Order keys: which deliveries of a subscription go one after the other. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "domain/outbound/event_document.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

// A delivery's order key: nothing for Mode::none; the same one for everything of a fifo subscription; for keyed, a hash of the
// value's type and text, so that 1 and 1.0 are one key and "1" is another. Events without the value, or whose value is an array
// or an object, are one sequence of their own: it is safer to keep an order that was not asked for than to lose one that was.
// Two values with the same hash (of 64 bits) share a sequence, which costs speed only.
std::optional<std::int64_t> order_key(const Order& order, EventDocument& event);

}  // namespace posthorn::domain
