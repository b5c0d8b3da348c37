#include "api/kit/json_writer.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace posthorn::api {
namespace {

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().string("a", "x").integer("b", -5).boolean("c", true).null("d");
  json.begin_array("e").end_array().begin_object("f").string_or_null("g", "").end_object().raw("h", "[1]").end_object();
  EXPECT_EQ(out, R"({"a":"x","b":-5,"c":true,"d":null,"e":[],"f":{"g":null},"h":[1]})");
}

TEST(JsonWriter, WritesTimesAsRfc3339) {
  std::string out;
  JsonWriter(out).begin_object().time("t", Timestamp(Milliseconds(1'700'000'000'123))).end_object();
  EXPECT_EQ(out, R"({"t":"2023-11-14T22:13:20.123Z"})");
}

TEST(AppendJsonString, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(written("plain"), "\"plain\"");
  EXPECT_EQ(written("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(written(std::string("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(written("ü€😀"), "\"ü€😀\"");
}

TEST(AppendJsonString, ReplacesEachBadByteSoThatTheResultIsAlwaysUtf8) {
  EXPECT_EQ(written("a\xff"
                    "b"),
            R"("a\ufffdb")");
  EXPECT_EQ(written("\xc0\x80"), R"("\ufffd\ufffd")");            // overlong
  EXPECT_EQ(written("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // a surrogate
  EXPECT_EQ(written("\xe2\x82"), R"("\ufffd\ufffd")");            // cut off at the end
  EXPECT_EQ(written("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char bytes[] = {static_cast<char>(first), static_cast<char>(second), 'x'};
      EXPECT_TRUE(is_valid_utf8(written({bytes, 3}))) << first << ' ' << second;
    }
  }
}

}  // namespace
}  // namespace posthorn::api
