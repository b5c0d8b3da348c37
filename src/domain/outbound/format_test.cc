#include "domain/outbound/format.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/random.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

constexpr Format kFormats[] = {Format::standard, Format::raw,         Format::orangelogic,       Format::orchestry,
                               Format::ovation,  Format::cloudevents, Format::cloudevents_binary};
constexpr std::string_view kTenant = "acme";

Event sample(std::string payload) {
  Event event;
  event.id = EventId{{0x0123456789abcdef}, 0x123456789abcd};
  event.topic = "document.deleted";
  event.time = *parse_rfc3339("2026-01-31T23:59:59.123Z");
  event.user = "K8OXXXXXXX";
  event.payload = std::move(payload);
  return event;
}

struct GoldenCase {
  std::string name;
  Event event;
};

std::vector<GoldenCase> golden_cases() {
  std::vector<GoldenCase> cases;
  cases.push_back({"an object", sample(R"({"RecordID":"2QDXXXXXXX","size":1.0})")});
  cases.push_back({"bytes that another writer would change",
                   sample("{ \"a\" : 1.0,\t\"b\":\"\\u00e9\\/\", \"big\":9007199254740993 ,\n\"n\":{ \"secret\":1 } }")});
  cases.push_back({"an empty object", sample("{ }")});
  cases.push_back({"a list", sample("[1, 2]")});
  cases.push_back({"a text", sample("\"plain\"")});
  cases.push_back({"expunged", sample("")});
  cases.push_back(
      {"members that the format has too",
       sample(
           R"({"Secret":"theirs","secret":[{"}":"\"]"},1],"a":1,"\u0053ecret":2,"eventType":"x","projectTemplateId":7,"b":2})")});
  Event named = sample(R"({"id":17})");
  named.external_id = "order-17";
  named.user = "J\xc3\xb8rgen \"50%\"";
  named.scope = "4711";
  cases.push_back({"the publisher's own id, a user to escape, a scope", named});
  Event ready = named;
  ready.topic = "report_ready_for_generation";
  cases.push_back({"a scope as a number", ready});
  ready.topic = "report_correction_signed";
  ready.user.clear();
  cases.push_back({"the correction's second name, no user", ready});
  return cases;
}

// "--- name", the header lines, an empty line, the body.
std::string golden_text(Format format) {
  std::string text;
  for (const auto& [name, event] : golden_cases()) {
    const Rendered rendered = render(format, event, kTenant);
    text += "--- " + name + "\n";
    for (const char c : rendered.header_lines) {
      if (c != '\r') text += c;
    }
    text += "\n" + rendered.body + "\n";
    if (rendered.secret_at) text += "with its secret: " + with_secret(rendered, "a \"secret\"") + "\n";
  }
  return text;
}

// POSTHORN_WRITE_GOLDEN=1 writes the files anew; read the difference before you commit it.
TEST(Format, RendersWhatItsGoldenFileShows) {
  for (const auto format : kFormats) {
    const auto file = std::filesystem::path(POSTHORN_FORMATS) / (std::string(to_text(format)) + ".txt");
    const std::string rendered = golden_text(format);
    if (std::getenv("POSTHORN_WRITE_GOLDEN") != nullptr) std::ofstream(file, std::ios::binary) << rendered;
    std::stringstream golden;
    golden << std::ifstream(file, std::ios::binary).rdbuf();
    EXPECT_EQ(rendered, golden.str()) << file;
  }
}

class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : random_(seed) {}

  std::string value(int depth = 0) {
    switch (pick(depth < 4 ? 8 : 6)) {
      case 0:
        return "null";
      case 1:
        return pick(2) == 0 ? "true" : "false";
      case 2:
        return std::to_string(static_cast<std::int64_t>(random_.next()));
      case 3:
        return "-0.50e+1";
      case 4:
      case 5:
        return text();
      case 6:
        return list('[', ']', depth, false);
      default:
        return list('{', '}', depth, true);
    }
  }

  std::string object() { return list('{', '}', 0, true); }

 private:
  std::uint64_t pick(std::uint64_t count) { return random_.next() % count; }
  std::string space() { return std::string(pick(3), " \t\r\n"[pick(4)]); }

  std::string text() {
    static constexpr std::string_view kPieces[] = {"a",
                                                   "\\\"",
                                                   "\\\\",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\\n",
                                                   "\\u00e9",
                                                   "\xc3\xa9",
                                                   "\xf0\x9f\x93\xaf",
                                                   "Secret",
                                                   "secret",
                                                   "eventType",
                                                   "data",
                                                   "\\ud83d\\udcef"};
    std::string quoted = "\"";
    for (auto left = pick(5); left > 0; --left) quoted += kPieces[pick(std::size(kPieces))];
    return quoted + "\"";
  }

  std::string list(char open, char close, int depth, bool named) {
    std::string out(1, open);
    const auto count = pick(5);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) out += ',';
      out += space();
      // A number makes the name unlike its neighbours: the reader that checks us refuses repeated names.
      if (named) out += pick(6) == 0 && i == 0 ? "\"secret\"" : "\"" + std::to_string(i) + text().substr(1);
      if (named) out += space() + ":" + space();
      out += value(depth + 1) + space();
    }
    return out + close;
  }

  SeededRandom random_;
};

TEST(Format, IsJsonWhateverTheEvent) {
  RandomJson random(20);
  for (int i = 0; i < 3000; ++i) {
    Event event = sample(i % 2 == 0 ? random.object() : random.value());
    ASSERT_TRUE(json::parse(event.payload)) << event.payload;
    if (i % 3 == 0) event.user = "\"\\\x01 \xc2\x85";
    if (i % 5 == 0) event.scope = "00";
    if (i % 7 == 0) event.topic = "report_ready_for_generation";
    for (const auto format : kFormats) {
      const Rendered rendered = render(format, event, kTenant);
      ASSERT_TRUE(json::parse(rendered.body)) << to_text(format) << ": " << event.payload << " became " << rendered.body;
      if (rendered.secret_at) {
        const auto parsed = json::parse(with_secret(rendered, "\"\\"));
        ASSERT_TRUE(parsed) << event.payload;
        ASSERT_EQ(parsed->at("Secret"), bj::value("\"\\"));
        ASSERT_EQ(parsed->at("secret"), bj::value("\"\\"));
      }
    }
  }
}

TEST(Format, KeepsThePayloadsBytesInEveryFormat) {
  const std::string inside = "\"a\" : 1.0,\t\"b\":\"\\u00e9\\/\"";
  for (const auto format : kFormats) {
    EXPECT_NE(render(format, sample("{" + inside + "}"), kTenant).body.find(inside), std::string::npos) << to_text(format);
  }
}

TEST(Format, EncodesWhatAHeaderCannotHold) {
  Event event = sample("1");
  event.user = "a b\"%~\xc3\xa9\xf0\x9f\x93\xaf";
  EXPECT_NE(
      render(Format::cloudevents_binary, event, kTenant).header_lines.find("ce-userid: a%20b%22%25~%C3%A9%F0%9F%93%AF\r\n"),
      std::string::npos);
  event.user = "line\r\nX-Other: 1";
  const std::string lines = render(Format::cloudevents_binary, event, kTenant).header_lines;
  EXPECT_EQ(lines.find("userid"), std::string::npos) << "control characters are in no attribute";
  EXPECT_EQ(lines.find("X-Other"), std::string::npos);
}

TEST(Format, IsNamedByItsWord) {
  for (const auto format : kFormats) EXPECT_EQ(parse_format(to_text(format)), format);
  EXPECT_EQ(parse_format("cloudevents-structured"), Format::cloudevents);
  EXPECT_EQ(parse_format("xml"), std::nullopt);
  EXPECT_EQ(content_type(Format::cloudevents), "application/cloudevents+json");
  EXPECT_EQ(content_type(Format::cloudevents_binary), "application/json");
}

TEST(JsonQuoted, EscapesWhatJsonMustEscape) {
  EXPECT_EQ(json_quoted("a\"b\\c\n\x01\xc3\xa9"), "\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa9\"");
}

}  // namespace
}  // namespace posthorn::domain
