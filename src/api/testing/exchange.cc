#include "api/testing/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <sstream>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"

namespace posthorn::api::testing {
namespace {

namespace bj = boost::json;

enum class Part { none, request, request_body, answer, answer_body };

std::pair<std::string, std::string> header_of(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    ADD_FAILURE() << "not a header: " << line;
    return {};
  }
  return {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))};
}

void add_line(std::vector<Exchange>& exchanges, Part& part, std::string_view line, std::size_t number) {
  if (line.starts_with("> ")) {
    Exchange& exchange = exchanges.emplace_back();
    exchange.line = number;
    const auto space = line.find(' ', 2);
    exchange.method = line.substr(2, space - 2);
    exchange.target = line.substr(space + 1);
    part = Part::request;
  } else if (line.starts_with("< ")) {
    exchanges.back().status = std::stoi(std::string(line.substr(2)));
    part = Part::answer;
  } else if (line.empty()) {
    if (part == Part::request) part = Part::request_body;
    if (part == Part::answer) part = Part::answer_body;
  } else if (part == Part::request) {
    exchanges.back().request_headers.push_back(header_of(line));
  } else if (part == Part::request_body) {
    exchanges.back().request_body += line;
  } else if (part == Part::answer) {
    exchanges.back().answer_headers.push_back(header_of(line));
  } else if (part == Part::answer_body) {
    exchanges.back().answer_body += line;
  }
}

std::string filled_in(std::string text, const Captures& captures) {
  for (auto at = text.find("{{"); at != std::string::npos; at = text.find("{{", at)) {
    const auto end = text.find("}}", at);
    const std::string name = text.substr(at + 2, end - at - 2);
    if (name.starts_with(' ')) {  // a placeholder of the API itself
      at += 2;
      continue;
    }
    const auto found = captures.find(name);
    if (found == captures.end()) {
      ADD_FAILURE() << "nothing was captured as " << name;
      return text;
    }
    text.replace(at, end + 2 - at, found->second);
    at += found->second.size();
  }
  return text;
}

bool is_of_kind(std::string_view kind, std::string_view value, bool is_text) {
  if (kind == "any") return true;
  if (kind == "number") return !is_text && !value.empty();
  if (!is_text) return false;
  if (kind == "uuid") return parse_raw_id(value).has_value();
  if (kind == "time") return parse_rfc3339(value).has_value() && value.ends_with('Z');
  if (kind == "secret") return value.starts_with("whsec_") && value.size() == 50;
  return kind == "text";
}

// `pattern` is "{{…}}"; `value` what stands there.
bool placeholder_matches(std::string_view pattern, const std::string& value, bool is_text, Captures& captures) {
  const std::string_view inner = pattern.substr(2, pattern.size() - 4);
  const auto colon = inner.find(':');
  const std::string_view kind = inner.substr(0, colon);
  if (colon == std::string_view::npos) {
    if (const auto found = captures.find(kind); found != captures.end()) return found->second == value;
  } else {
    captures[std::string(inner.substr(colon + 1))] = value;
  }
  return is_of_kind(kind, value, is_text);
}

// As a member's name: others than those listed may be there.
constexpr std::string_view kFurtherMembers = "{{more}}";

bool is_placeholder(std::string_view text) { return text.starts_with("{{") && text.ends_with("}}"); }

bool matches(const bj::value& expected, const bj::value& actual, Captures& captures) {
  if (const auto* text = expected.if_string(); text != nullptr && is_placeholder(*text)) {
    const bool is_text = actual.is_string();
    return placeholder_matches(*text, is_text ? std::string(actual.get_string()) : bj::serialize(actual), is_text, captures);
  }
  if (const auto* object = expected.if_object()) {
    const auto* other = actual.if_object();
    const bool open = object->contains(kFurtherMembers);
    if (other == nullptr || (!open && other->size() != object->size())) return false;
    return std::all_of(object->begin(), object->end(), [&](const auto& member) {
      if (member.key() == kFurtherMembers) return true;
      const auto* found = other->if_contains(member.key());
      return found != nullptr && matches(member.value(), *found, captures);
    });
  }
  if (const auto* array = expected.if_array()) {
    const auto* other = actual.if_array();
    if (other == nullptr || other->size() != array->size()) return false;
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (!matches((*array)[i], (*other)[i], captures)) return false;
    }
    return true;
  }
  return expected == actual;
}

}  // namespace

std::vector<Exchange> parse_exchanges(std::string_view text) {
  std::vector<Exchange> exchanges;
  Part part = Part::none;
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.starts_with('#')) continue;
    if (exchanges.empty() && !line.empty() && !line.starts_with("> ")) {
      ADD_FAILURE() << "line " << number << " stands before the first request";
      return {};
    }
    add_line(exchanges, part, line, number);
  }
  for (const auto& exchange : exchanges) EXPECT_NE(exchange.status, 0) << "no answer for the request in line " << exchange.line;
  return exchanges;
}

void play(TestServer& server, const Exchange& exchange, Captures& captures) {
  SCOPED_TRACE("line " + std::to_string(exchange.line) + ": " + exchange.method + ' ' + exchange.target);
  Headers headers;
  for (const auto& [name, value] : exchange.request_headers) headers.emplace_back(name, filled_in(value, captures));
  const Reply reply =
      server.call(exchange.method, filled_in(exchange.target, captures), filled_in(exchange.request_body, captures), headers);
  EXPECT_EQ(reply.status, exchange.status) << reply.body;
  for (const auto& [name, value] : exchange.answer_headers) {
    const std::string actual = reply.header(name);
    const bool same = is_placeholder(value) ? placeholder_matches(value, actual, true, captures) : actual == value;
    EXPECT_TRUE(same) << name << ": " << actual << " instead of " << value;
  }
  if (exchange.answer_body.empty()) {
    EXPECT_EQ(reply.body, "");
    return;
  }
  boost::system::error_code error;
  const bj::value actual = bj::parse(reply.body, error);
  EXPECT_FALSE(error) << "not JSON: " << reply.body;
  EXPECT_TRUE(matches(bj::parse(exchange.answer_body), actual, captures))
      << "answered " << reply.body << "\n instead of " << exchange.answer_body;
}

}  // namespace posthorn::api::testing
