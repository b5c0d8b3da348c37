// Topics and topic patterns: pure values.
//
// A topic is dotted: one to kTopicSegmentsMax segments of [A-Za-z0-9_-], at most kTopicBytesMax bytes.
// A pattern is the same with `*` for exactly one segment and, as its last segment only, `**` for one or more segments.
// `**` alone matches every topic, but for the server's own: topics that begin with "posthorn" are matched by patterns whose
// first segment is that word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace posthorn::domain {

// Errors: invalid_argument naming `field`.
Status check_topic(std::string_view topic, std::string field);
Status check_topic_pattern(std::string_view pattern, std::string field);

// Splits at dots. Views into `topic`.
std::vector<std::string_view> topic_segments(std::string_view topic);

// Both must have passed their check.
bool topic_matches(std::string_view pattern, std::string_view topic);

}  // namespace posthorn::domain
