#include "json/plain_text.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace posthorn::json {
namespace {

TEST(PlainText, WritesNumbersAsPeopleDo) {
  const std::pair<std::string, std::string> table[] = {
      {"0.2", "0.2"},
      {"1.5", "1.5"},
      {"1e300", "1e+300"},
      {"-0.001", "-0.001"},
      {"18446744073709551615", "18446744073709551615"},
      {"{}", "{}"},
      {"[]", "[]"},
      {R"({"a":[1,0.1,null,true,"\u00e9\"\n"],"b":{"c":[]}})",
       "{\"a\":[1,0.1,null,true,\"\xc3\xa9\\\"\\n\"],\"b\":{\"c\":[]}}"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(to_plain_text(boost::json::parse(text)), expected);
}

}  // namespace
}  // namespace posthorn::json
