#include "domain/outbound/format.h"

namespace posthorn::domain {

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

std::string render(Format format, const Event& event) {
  switch (format) {
    case Format::standard: {
      // A topic's characters need no escaping.
      std::string body;
      body.reserve(event.payload.size() + event.topic.size() + 64);
      body += R"({"type":")";
      body += event.topic;
      body += R"(","timestamp":")";
      body += to_rfc3339(event.time);
      body += R"(","data":)";
      body += event.payload;
      body += '}';
      return body;
    }
    case Format::raw:
      return event.payload;
  }
  return {};
}

std::string_view to_text(Format format) {
  switch (format) {
    case Format::standard:
      return "standard";
    case Format::raw:
      return "raw";
  }
  return "";
}

std::optional<Format> parse_format(std::string_view text) {
  for (const auto format : {Format::standard, Format::raw}) {
    if (to_text(format) == text) return format;
  }
  return std::nullopt;
}

}  // namespace posthorn::domain
