#include "json/i_regexp.h"

#include <gtest/gtest.h>

#include "json/pattern.h"

namespace posthorn::json {
namespace {

TEST(IRegexp, BecomesTheSameInRe2) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"abc", "abc"},
      {"a.c", "a[^\\n\\r]c"},
      {"(a|b)*c+d?", "(?:a|b)*c+d?"},
      {"a{2}b{2,}c{2,3}", "a{2}b{2,}c{2,3}"},
      {"[a-z0-9_]", "[a-z0-9_]"},
      {"[^-a]", "[^\\-a]"},
      {"[a-]", "[a\\-]"},
      {"[a^&~]", "[a\\^\\&\\~]"},
      {"[\\p{Lu}\\]]", "[\\p{Lu}\\]]"},
      {"\\.\\^\\n\\-", "\\.\\^\\n\\-"},
      {"\\p{L}\\P{Nd}", "\\p{L}\\P{Nd}"},
      {"\xc3\xa9+", "\xc3\xa9+"},
      {"[\xc3\xa9-\xc3\xbf]", "[\xc3\xa9-\xc3\xbf]"},
      {"^a$", "^a$"},
  };
  for (const auto& [given, expected] : cases) {
    const auto translated = to_re2(given);
    ASSERT_TRUE(translated) << given;
    EXPECT_EQ(*translated, expected) << given;
    EXPECT_NE(Pattern::compile(*translated), nullptr) << given;
  }
}

TEST(IRegexp, RefusesWhatTheStandardDoesNotHave) {
  for (const std::string_view text :
       {"*a",    "a**",  "a*?",        "a++",   "a{2}{3}", "a{,2}",       "a{x}", "a{2", "(a",         "a)",    "(?:a)",
        "(?i)a", "[]",   "[^]",        "[a",    "[a-b-c]", "[[:alpha:]]", "\\d",  "\\w", "\\b",        "\\x41", "\\",
        "\\p",   "\\pL", "\\p{Greek}", "\\p{}", "[\\d]",   "]",           "}",    "{1}", "[a-\\p{L}]", "\\1",   "(?=a)"}) {
    EXPECT_FALSE(to_re2(text)) << text;
  }
  EXPECT_FALSE(to_re2(std::string(kPatternBytesMax + 1, 'a')));
  EXPECT_FALSE(to_re2(std::string(kPatternGroupDepthMax + 2, '(') + std::string(kPatternGroupDepthMax + 2, ')')));
}

TEST(IRegexp, BoundsWhatIsCompiled) {
  std::string why;
  EXPECT_EQ(Pattern::compile("((a{100}){100}){100}", &why), nullptr);
  EXPECT_FALSE(why.empty());
  EXPECT_EQ(Pattern::compile("(", &why), nullptr);
  EXPECT_NE(Pattern::compile("(a+)+$", &why), nullptr);
}

}  // namespace
}  // namespace posthorn::json
