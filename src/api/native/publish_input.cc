#include "api/native/publish_input.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "json/reader.h"

namespace posthorn::api::native {
namespace {

constexpr std::string_view kKeyHeader = "Idempotency-Key";

// The members of an event, each at most once.
enum Member : std::uint8_t { topic, data, id, time, user, scope, member_count };
constexpr std::array<std::string_view, member_count> kNames{"topic", "data", "id", "time", "user", "scope"};

using Members = std::array<std::string_view, member_count>;  // null data pointer: absent

bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7f; }

// The name that a raw member has once its escapes are read.
std::string decoded_name(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return std::string(raw);
  return json::raw_string('"' + std::string(raw) + '"').value_or(std::string(raw));
}

Result<Member> member_of(std::string_view raw) {
  for (std::uint8_t i = 0; i < member_count; ++i) {
    if (kNames[i] == raw) return static_cast<Member>(i);
  }
  if (raw.find('\\') != std::string_view::npos) {
    const std::string name = decoded_name(raw);
    for (std::uint8_t i = 0; i < member_count; ++i) {
      if (kNames[i] == name) return static_cast<Member>(i);
    }
  }
  return invalid(decoded_name(raw), "is not a member of this call", "unknown_field");
}

Result<Members> sort_members(std::string_view text) {
  const auto raw = json::raw_members(text);
  if (!raw) return raw.error();
  Members members{};
  for (const auto& member : *raw) {
    const auto which = member_of(member.name);
    if (!which) return which.error();
    if (members[*which].data() != nullptr) {
      return Error{ErrorKind::malformed, "duplicate_member", "is there twice", std::string(kNames[*which]), {}};
    }
    members[*which] = member.value;
  }
  return members;
}

// A text member; absent and null leave `target` empty.
Status read_text(const Members& members, Member which, std::size_t bytes_max, std::string& target) {
  const std::string_view raw = members[which];
  if (raw.data() == nullptr || raw == "null") return {};
  auto text = json::raw_string(raw);
  if (!text) return invalid(std::string(kNames[which]), "must be a string", "wrong_type");
  if (text->empty()) return invalid(std::string(kNames[which]), "must not be empty", "too_short");
  if (text->size() > bytes_max) {
    return invalid(std::string(kNames[which]), "must have at most " + std::to_string(bytes_max) + " bytes", "too_long");
  }
  target = std::move(*text);
  return {};
}

Status read_time(const Members& members, std::optional<Timestamp>& target) {
  std::string text;
  if (auto read = read_text(members, Member::time, 64, text); !read || text.empty()) return read;
  target = parse_rfc3339(text);
  if (!target) return invalid("time", "must be an RFC 3339 time, such as 2026-01-31T23:59:59.123Z");
  return {};
}

}  // namespace

Result<PublishHeaders> read_publish_headers(const net::HeaderViews& headers, std::size_t key_bytes_max) {
  PublishHeaders read;
  const auto hops = outbound::read_hops(headers);
  if (!hops) return hops.error();
  read.hops = *hops;
  for (const auto& header : headers) {
    if (equals_ignoring_case(header.name, "traceparent")) read.traceparent = header.value;
    if (!equals_ignoring_case(header.name, kKeyHeader)) continue;
    const std::string field(kKeyHeader);
    if (!read.idempotency_key.empty()) return invalid(field, "is there twice", "duplicate_header");
    if (header.value.empty()) return invalid(field, "must not be empty", "too_short");
    if (header.value.size() > key_bytes_max) {
      return invalid(field, "must have at most " + std::to_string(key_bytes_max) + " bytes", "too_long");
    }
    if (!std::all_of(header.value.begin(), header.value.end(), is_visible_ascii)) {
      return invalid(field, "must be visible ASCII without spaces");
    }
    read.idempotency_key = header.value;
  }
  return read;
}

Result<outbound::PublishRequest> read_event(std::string_view text, const PublishHeaders& headers) {
  const auto members = sort_members(text);
  if (!members) return members.error();
  for (const Member needed : {Member::topic, Member::data}) {
    const std::string_view raw = (*members)[needed];
    if (raw.data() == nullptr || (needed == Member::topic && raw == "null")) {
      return invalid(std::string(kNames[needed]), "is required", "required");
    }
  }
  outbound::PublishRequest request;
  request.data = (*members)[Member::data];
  request.idempotency_key = headers.idempotency_key;
  request.traceparent = headers.traceparent;
  request.hops = headers.hops;
  if (auto read = read_text(*members, Member::topic, kTopicBytesMax, request.topic); !read) return std::move(read).error();
  if (auto read = read_text(*members, Member::id, kExternalIdBytesMax, request.external_id); !read)
    return std::move(read).error();
  if (auto read = read_time(*members, request.time); !read) return std::move(read).error();
  if (auto read = read_text(*members, Member::user, kUserBytesMax, request.user); !read) return std::move(read).error();
  if (auto read = read_text(*members, Member::scope, kNameBytesMax, request.scope); !read) return std::move(read).error();
  return request;
}

Result<std::vector<std::string_view>> read_batch(std::string_view text) {
  const auto members = json::raw_members(text);
  if (!members) return members.error();
  std::string_view events;
  for (const auto& member : *members) {
    std::string name = decoded_name(member.name);
    if (name != "events") return invalid(std::move(name), "is not a member of this call", "unknown_field");
    events = member.value;
  }
  if (events.data() == nullptr) return invalid("events", "is required", "required");
  if (!events.starts_with('[')) return invalid("events", "must be an array", "wrong_type");
  auto elements = json::raw_elements(events);
  if (elements && elements->size() > kBatchEventsMax) {
    return invalid("events", "must have at most " + std::to_string(kBatchEventsMax) + " events", "too_long");
  }
  return elements;
}

}  // namespace posthorn::api::native
