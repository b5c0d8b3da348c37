#include "domain/outbound/format.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "domain/outbound/format_parts.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

constexpr std::array<std::pair<Format, std::string_view>, 7> kWords{{
    {Format::standard, "standard"},
    {Format::raw, "raw"},
    {Format::orangelogic, "orangelogic"},
    {Format::orchestry, "orchestry"},
    {Format::ovation, "ovation"},
    {Format::cloudevents, "cloudevents"},
    {Format::cloudevents_binary, "cloudevents-binary"},
}};

// One place in the text between an object's braces. The text is valid JSON: publishing has checked it.
class MemberScanner {
 public:
  struct Member {
    std::string_view quoted_name;
    std::string_view text;  // name, colon and value
  };

  explicit MemberScanner(std::string_view inside) : rest_(trim(inside)) {}

  std::optional<Member> next() {
    if (rest_.empty()) return std::nullopt;
    Member member;
    member.quoted_name = rest_.substr(0, end_of_string(0));
    const std::size_t end = end_of_value(member.quoted_name.size());
    member.text = trim(rest_.substr(0, end));
    rest_ = trim(end == rest_.size() ? std::string_view() : rest_.substr(end + 1));
    return member;
  }

 private:
  // All four spaces of JSON, unlike posthorn::trim().
  static std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  }

  // Behind the closing quote of the string that begins at `at`.
  std::size_t end_of_string(std::size_t at) const {
    POSTHORN_CHECK(at < rest_.size() && rest_[at] == '"');
    for (++at; at < rest_.size() && rest_[at] != '"'; ++at) {
      if (rest_[at] == '\\') ++at;
    }
    return at + 1;
  }

  // The comma behind the member, or the text's end.
  std::size_t end_of_value(std::size_t at) const {
    for (int depth = 0; at < rest_.size();) {
      const char c = rest_[at];
      if (c == '"') {
        at = end_of_string(at);
        continue;
      }
      if (c == ',' && depth == 0) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at;
    }
    return at;
  }

  std::string_view rest_;
};

}  // namespace

std::string json_quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted;
  quoted.reserve(text.size() + 2);
  quoted += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20) {
      quoted += "\\u00";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 0xf];
    } else {
      quoted += c;
    }
  }
  quoted += '"';
  return quoted;
}

std::string_view payload_of(const Event& event) {
  return event.payload.empty() ? std::string_view("null") : std::string_view(event.payload);
}

std::string members_of(std::string_view payload, const std::function<bool(std::string_view name)>& left_out) {
  if (!payload.starts_with('{')) return "\"data\":" + std::string(payload);
  const std::string_view inside = payload.substr(1, payload.size() - 2);
  std::string kept;
  bool all = true;
  MemberScanner scanner(inside);
  while (const auto member = scanner.next()) {
    const auto name = json::raw_string(member->quoted_name);
    if (name && left_out(*name)) {
      all = false;
      continue;
    }
    if (!kept.empty()) kept += ',';
    kept += member->text;
  }
  return all && !kept.empty() ? std::string(inside) : kept;
}

Rendered render(Format format, const Event& event, std::string_view tenant) {
  switch (format) {
    case Format::standard:
      return render_standard(event);
    case Format::raw:
      return render_raw(event);
    case Format::orangelogic:
      return render_orangelogic(event, tenant);
    case Format::orchestry:
      return render_orchestry(event);
    case Format::ovation:
      return render_ovation(event);
    case Format::cloudevents:
      return render_cloudevents_structured(event, tenant);
    case Format::cloudevents_binary:
      return render_cloudevents_binary(event, tenant);
  }
  return {};
}

std::string_view content_type(Format format) {
  return format == Format::cloudevents ? "application/cloudevents+json" : "application/json";
}

std::string_view to_text(Format format) {
  for (const auto& [value, word] : kWords) {
    if (value == format) return word;
  }
  return "";
}

std::optional<Format> parse_format(std::string_view text) {
  if (text == "cloudevents-structured") return Format::cloudevents;
  for (const auto& [value, word] : kWords) {
    if (word == text) return value;
  }
  return std::nullopt;
}

std::string format_words() {
  std::string words;
  for (const auto& [value, word] : kWords) words += (words.empty() ? "" : ", ") + std::string(word);
  return words;
}

}  // namespace posthorn::domain
