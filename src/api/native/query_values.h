// Query values that several lists share.
#pragma once

#include <optional>

#include "api/kit/context.h"
#include "base/clock.h"
#include "base/result.h"

namespace posthorn::api::native {

// A parameter that is an RFC 3339 time; none when absent. Errors: invalid_argument naming it.
Result<std::optional<Timestamp>> read_time(const Query& query, std::string_view name);

struct TimeRange {
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;  // exclusive
};

// ?since= and ?until=. Errors: invalid_argument naming the parameter.
Result<TimeRange> read_time_range(const Query& query);

// ?topic=, exact; empty when absent. Errors: invalid_argument naming it.
Result<std::string> read_topic_filter(const Query& query);

// A parameter that is any text; empty when absent. Errors: too_short, as an empty one would filter nothing.
Result<std::string> read_text_filter(const Query& query, std::string_view name);

}  // namespace posthorn::api::native
