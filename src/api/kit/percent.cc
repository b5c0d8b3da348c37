#include "api/kit/percent.h"

#include "api/kit/limits.h"
#include "base/text.h"

namespace posthorn::api {
namespace {

Error malformed(std::string message) { return {ErrorKind::malformed, "bad_target", std::move(message), {}, {}}; }

Status add_pair(QueryPairs& pairs, std::string_view part) {
  const auto equals = part.find('=');
  auto name = percent_decode(part.substr(0, equals));
  if (!name) return name.error();
  auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
  if (!value) return value.error();
  for (const auto& [earlier, unused] : pairs) {
    if (earlier == *name) return invalid(*name, "is in the query twice", "duplicate_parameter");
  }
  pairs.emplace_back(std::move(*name), std::move(*value));
  return {};
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = hex_decode(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return malformed("'%' must be followed by two hexadecimal digits.");
    decoded += *byte;
    i += 2;
  }
  if (!is_valid_utf8(decoded)) return malformed("The path and the query must be UTF-8 once decoded.");
  return decoded;
}

Result<QueryPairs> parse_query(std::string_view query) {
  QueryPairs pairs;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view part = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (part.empty()) continue;
    if (pairs.size() == kQueryParametersMax) return malformed("The query has too many parameters.");
    if (auto added = add_pair(pairs, part); !added) return added.error();
  }
  return pairs;
}

}  // namespace posthorn::api
