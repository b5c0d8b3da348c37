#include "api/native/query_values.h"

#include <string>

#include "domain/outbound/topic.h"

namespace posthorn::api::native {

Result<std::optional<Timestamp>> read_time(const Query& query, std::string_view name) {
  const auto text = query.find(name);
  if (text.data() == nullptr) return std::optional<Timestamp>();
  const auto time = parse_rfc3339(text);
  if (!time) return invalid(std::string(name), "must be an RFC 3339 time, such as 2026-01-31T23:59:59Z");
  return time;
}

Result<TimeRange> read_time_range(const Query& query) {
  const auto since = read_time(query, "since");
  if (!since) return since.error();
  const auto until = read_time(query, "until");
  if (!until) return until.error();
  return TimeRange{*since, *until};
}

Result<std::string> read_topic_filter(const Query& query) {
  const auto text = query.find("topic");
  if (text.data() == nullptr) return std::string();
  if (auto checked = domain::check_topic(text, "topic"); !checked) return std::move(checked).error();
  return std::string(text);
}

Result<std::string> read_text_filter(const Query& query, std::string_view name) {
  const auto text = query.find(name);
  if (text.data() != nullptr && text.empty()) return invalid(std::string(name), "must not be empty", "too_short");
  return std::string(text);
}

}  // namespace posthorn::api::native
