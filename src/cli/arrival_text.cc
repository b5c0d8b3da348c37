#include "cli/arrival_text.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "cli/verdict.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr std::size_t kShownBodyBytesMax = 64 * 1024;

std::string indented(const std::string& text) {
  std::string result = "  ";
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result + "\n";
}

std::string body_text(const std::string& body) {
  if (body.empty()) return {};
  const std::string cut = body.size() > kShownBodyBytesMax ? "\n… (" + bytes_text(body.size()) + " in all)" : "";
  if (!cut.empty()) return indented(printable_lines(std::string_view(body).substr(0, kShownBodyBytesMax)) + cut);
  return indented(printable_lines(json::parse(body) ? indent_json(body) : body));
}

}  // namespace

domain::SignatureVerdict verify_arrival(const Arrival& arrival, const std::string& secret) {
  return domain::verify_v1(secret, arrival.header("webhook-id"), arrival.header("webhook-timestamp"),
                           arrival.header("webhook-signature"), arrival.body, arrival.at, kSignatureTolerance);
}

std::string topic_of(const Arrival& arrival) {
  const auto members = json::raw_members(arrival.body);
  if (!members) return {};
  for (const auto& member : *members) {
    if (member.name == "type") return json::raw_string(member.value).value_or(std::string());
  }
  return {};
}

std::string arrival_text(const Console& console, const Arrival& arrival, std::optional<domain::SignatureVerdict> verdict,
                         int status, bool verbose) {
  const std::string topic = topic_of(arrival);
  const std::string_view id = arrival.header("webhook-id");
  std::string text = console.paint(Color::dim, to_rfc3339(arrival.at).substr(11, 12)) + "  ";
  text +=
      console.paint(Color::bold, topic.empty() ? arrival.method + " " + printable(arrival.target) : printable(topic)) + "  ";
  text += (id.empty() ? std::string("no webhook-id") : printable(id)) + "  ";
  if (!verdict) {
    text += console.paint(Color::yellow, "signature not checked");
  } else if (*verdict == domain::SignatureVerdict::valid) {
    text += console.paint(Color::green, "signature valid");
  } else {
    text += console.paint(Color::red, std::string("signature INVALID: ") + explain(*verdict).reason);
  }
  text += "  -> " + std::to_string(status) + "\n";
  if (verbose) {
    text += "  " + printable(arrival.method) + " " + printable(arrival.target) + "\n";
    for (const auto& [name, value] : arrival.headers)
      text += "  " + console.paint(Color::blue, printable(name)) + ": " + printable(value) + "\n";
    text += "\n";
  }
  return text + body_text(arrival.body);
}

std::string arrival_json(const Arrival& arrival, std::optional<domain::SignatureVerdict> verdict, int status) {
  bj::object headers;
  for (const auto& [name, value] : arrival.headers)
    headers[to_ascii_lower(name)] = is_valid_utf8(value) ? value : printable(value);
  bj::object object{{"receivedAt", to_rfc3339(arrival.at)},
                    {"method", arrival.method},
                    {"target", arrival.target},
                    {"id", printable(arrival.header("webhook-id"))},
                    {"topic", topic_of(arrival)},
                    {"signature", verdict ? explain(*verdict).word : "not checked"},
                    {"status", status},
                    {"headers", std::move(headers)}};
  // The body byte for byte when it is JSON, else as text.
  std::string text = bj::serialize(object);
  text.pop_back();
  const bool is_json = json::parse(arrival.body).has_value();
  std::string one_line;
  if (is_json) {
    for (const char c : arrival.body) one_line += c == '\n' || c == '\r' ? ' ' : c;
  } else {
    one_line = bj::serialize(bj::value(is_valid_utf8(arrival.body) ? arrival.body : printable(arrival.body)));
  }
  return text + ",\"body\":" + one_line + "}";
}

}  // namespace posthorn::cli
