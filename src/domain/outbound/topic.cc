#include "domain/outbound/topic.h"

#include "base/limits.h"

namespace posthorn::domain {
namespace {

bool is_topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_plain_segment(std::string_view segment) {
  for (const char c : segment) {
    if (!is_topic_character(c)) return false;
  }
  return !segment.empty();
}

Status check_shape(std::string_view text, const std::vector<std::string_view>& segments, const std::string& field) {
  if (text.empty()) return invalid(field, "must not be empty", "required");
  if (text.size() > kTopicBytesMax) {
    return invalid(field, "must be at most " + std::to_string(kTopicBytesMax) + " bytes long", "too_long");
  }
  if (segments.size() > kTopicSegmentsMax) {
    return invalid(field, "must have at most " + std::to_string(kTopicSegmentsMax) + " segments", "too_long");
  }
  return {};
}

}  // namespace

std::vector<std::string_view> topic_segments(std::string_view topic) {
  std::vector<std::string_view> segments;
  while (true) {
    const auto dot = topic.find('.');
    segments.push_back(topic.substr(0, dot));
    if (dot == std::string_view::npos) return segments;
    topic.remove_prefix(dot + 1);
  }
}

Status check_topic(std::string_view topic, std::string field) {
  const auto segments = topic_segments(topic);
  if (auto shape = check_shape(topic, segments, field); !shape) return shape;
  for (const auto segment : segments) {
    if (!is_plain_segment(segment)) {
      return invalid(std::move(field), "must be segments of letters, digits, '_' and '-' separated by single dots",
                     "invalid_topic");
    }
  }
  return {};
}

Status check_topic_pattern(std::string_view pattern, std::string field) {
  const auto segments = topic_segments(pattern);
  if (auto shape = check_shape(pattern, segments, field); !shape) return shape;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool last = i + 1 == segments.size();
    if (segments[i] == "**" && !last) {
      return invalid(std::move(field), "may have '**' as its last segment only", "invalid_pattern");
    }
    if (segments[i] != "*" && segments[i] != "**" && !is_plain_segment(segments[i])) {
      return invalid(std::move(field),
                     "must be topic segments separated by dots, where '*' stands for one segment and a last '**' for the rest",
                     "invalid_pattern");
    }
  }
  return {};
}

bool topic_matches(std::string_view pattern, std::string_view topic) {
  const auto wanted = topic_segments(pattern);
  const auto given = topic_segments(topic);
  // The server's own topics are matched only by who names them.
  if (given[0] == "posthorn" && wanted[0] != "posthorn") return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i >= given.size()) return false;
    if (wanted[i] == "**") return true;
    if (wanted[i] != "*" && wanted[i] != given[i]) return false;
  }
  return wanted.size() == given.size();
}

}  // namespace posthorn::domain
