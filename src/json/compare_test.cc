#include "json/compare.h"

#include <gtest/gtest.h>

#include "json/reader.h"

namespace posthorn::json {
namespace {

bj::value value_of(std::string_view text) {
  auto value = parse(text);
  EXPECT_TRUE(value) << text;
  return value ? std::move(*value) : bj::value();
}

bool are_equal(std::string_view left, std::string_view right) {
  Steps steps(1000);
  return equal(value_of(left), value_of(right), steps);
}

TEST(Compare, TakesValuesByWhatTheyMean) {
  const std::vector<std::pair<std::string_view, std::string_view>> same{
      {"1", "1.0"},
      {"1", "1e0"},
      {"0", "-0.0"},
      {"18446744073709551615", "18446744073709551615"},
      {"9223372036854775808", "9223372036854775808.0"},
      {"\"a\"", "\"\\u0061\""},
      {"null", "null"},
      {"[1,[2]]", "[1.0,[2e0]]"},
      {R"({"a":1,"b":{"c":[]}})", R"({"b":{"c":[]},"a":1.0})"},
  };
  for (const auto& [left, right] : same) {
    EXPECT_TRUE(are_equal(left, right)) << left << " " << right;
    EXPECT_TRUE(are_equal(right, left)) << left << " " << right;
    const auto key = scalar_key(value_of(left));
    EXPECT_EQ(key, scalar_key(value_of(right))) << left;
  }
  const std::vector<std::pair<std::string_view, std::string_view>> different{
      {"1", "\"1\""},
      {"1", "true"},
      {"0", "false"},
      {"0", "null"},
      {"\"\"", "null"},
      {"9007199254740993", "9007199254740992.0"},
      {"9223372036854775807", "9223372036854775808.0"},
      {"18446744073709551615", "18446744073709551616.0"},
      {"-9223372036854775808", "9223372036854775808"},
      {"1", "1.0000000000000002"},
      {"[1]", "[1,1]"},
      {R"({"a":1})", R"({"b":1})"},
      {R"({"a":null})", R"({})"},
  };
  for (const auto& [left, right] : different) {
    EXPECT_FALSE(are_equal(left, right)) << left << " " << right;
    EXPECT_FALSE(are_equal(right, left)) << left << " " << right;
    const auto key = scalar_key(value_of(left));
    EXPECT_TRUE(!key || key != scalar_key(value_of(right))) << left;
  }
}

TEST(Compare, OrdersNumbersAndTexts) {
  const std::vector<std::string_view> rising[] = {
      {"-1e300", "-9223372036854775808", "-1", "-0.5", "0", "0.1", "1", "9007199254740992.0", "9007199254740993",
       "9223372036854775807", "9223372036854775808.0", "18446744073709551615", "18446744073709551616.0"},
      {"\"\"", "\"A\"", "\"a\"", "\"aa\"", "\"b\"", "\"\xc3\xa9\"", "\"\xef\xbf\xbd\"", "\"\xf0\x9f\x98\x80\""},
  };
  for (const auto& list : rising) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (std::size_t j = 0; j < list.size(); ++j) {
        Steps steps(100);
        EXPECT_EQ(order_of(value_of(list[i]), value_of(list[j]), steps), std::partial_ordering(i <=> j))
            << list[i] << " " << list[j];
      }
    }
  }
  Steps steps(100);
  for (const auto& [left, right] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"1", "\"1\""}, {"true", "false"}, {"null", "null"}, {"[]", "[]"}, {"{}", "1"}}) {
    EXPECT_EQ(order_of(value_of(left), value_of(right), steps), std::partial_ordering::unordered) << left;
  }
}

TEST(Compare, EndsWithItsSteps) {
  std::string text = "[0";
  for (int i = 1; i < 1000; ++i) text += "," + std::to_string(i);
  const auto value = value_of(text + "]");
  Steps enough(1001);
  EXPECT_TRUE(equal(value, value, enough));
  EXPECT_FALSE(enough.exhausted());
  Steps few(1000);
  EXPECT_FALSE(equal(value, value, few));
  EXPECT_TRUE(few.exhausted());
  EXPECT_FALSE(few.spend(0));
}

}  // namespace
}  // namespace posthorn::json
