#include "api/kit/paging.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "api/kit/json_writer.h"
#include "base/text.h"

namespace posthorn::api {
namespace {

constexpr std::size_t kCheckBytes = 4;

// FNV-1a, 32 bits.
std::uint32_t check_sum(std::initializer_list<std::string_view> parts) {
  std::uint32_t sum = 2166136261u;
  const auto add = [&](char c) { sum = (sum ^ static_cast<unsigned char>(c)) * 16777619u; };
  for (const auto part : parts) {
    for (const char c : part) add(c);
    add('\n');
  }
  return sum;
}

std::string check_bytes(const RequestContext& context, std::string_view list, std::string_view position) {
  const std::string_view tenant = context.tenant ? std::string_view(context.tenant->name) : std::string_view();
  const std::uint32_t sum = check_sum({list, tenant, position});
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((sum >> shift) & 0xff);
  return bytes;
}

Error bad_cursor() { return invalid("cursor", "is damaged or belongs to another list", "bad_cursor"); }

}  // namespace

Result<PageRequest> read_page(const RequestContext& context) {
  PageRequest page;
  if (const auto text = context.query.find("limit"); text.data() != nullptr) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), page.limit);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || page.limit < 1 || page.limit > kPageItemsMax) {
      return invalid("limit", "must be a whole number from 1 to " + std::to_string(kPageItemsMax), "out_of_range");
    }
  }
  if (const auto cursor = context.query.find("cursor"); cursor.data() != nullptr) {
    auto position = read_cursor(context, context.pattern, cursor);
    if (!position) return std::move(position).error();
    page.position = std::move(*position);
  }
  return page;
}

Result<std::int64_t> key_position(const PageRequest& page) {
  if (page.position.empty()) return 0;
  std::int64_t key = 0;
  const char* end = page.position.data() + page.position.size();
  const auto read = std::from_chars(page.position.data(), end, key);
  if (read.ec != std::errc() || read.ptr != end || key <= 0) return bad_cursor();
  return key;
}

Result<std::string> read_cursor(const RequestContext& context, std::string_view list, std::string_view cursor) {
  if (cursor.empty() || cursor.size() > kCursorBytesMax) return bad_cursor();
  const auto bytes = base64url_decode(cursor);
  if (!bytes || bytes->size() <= kCheckBytes) return bad_cursor();
  std::string position = bytes->substr(kCheckBytes);
  if (bytes->compare(0, kCheckBytes, check_bytes(context, list, position)) != 0) return bad_cursor();
  return position;
}

std::string make_cursor(const RequestContext& context, std::string_view position) {
  return make_cursor(context, context.pattern, position);
}

std::string make_cursor(const RequestContext& context, std::string_view list, std::string_view position) {
  std::string text = base64_encode(check_bytes(context, list, position).append(position));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return text;
}

void finish_page(std::string& body, const RequestContext& context, std::string_view position) {
  JsonWriter json(body);
  json.end_array();
  json.string_or_null("nextCursor", position.empty() ? std::string() : make_cursor(context, position));
  json.end_object();
}

}  // namespace posthorn::api
