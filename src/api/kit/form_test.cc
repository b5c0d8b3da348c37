#include "api/kit/form.h"

#include <gtest/gtest.h>

namespace posthorn::api {
namespace {

TEST(ParseForm, DecodesNamesAndValues) {
  const auto form = parse_form("a=b+c&%C3%A9=1%2B1&empty=&flag&&x=a=b");
  ASSERT_TRUE(form);
  EXPECT_EQ(*form->find("a"), "b c");
  EXPECT_EQ(*form->find("\xc3\xa9"), "1+1");
  EXPECT_EQ(*form->find("empty"), "");
  EXPECT_EQ(*form->find("flag"), "");
  EXPECT_EQ(*form->find("x"), "a=b");
  EXPECT_EQ(form->find("b"), nullptr);
  EXPECT_TRUE(parse_form("")->pairs().empty());
}

TEST(ParseForm, RefusesWhatIsDamagedDoubledOrEndless) {
  EXPECT_EQ(parse_form("a=%zz").error().kind, ErrorKind::malformed);
  EXPECT_EQ(parse_form("a=%ff").error().kind, ErrorKind::malformed);
  EXPECT_EQ(parse_form("a=1&%61=2").error().field, "a");
  std::string many;
  for (int i = 0; i < 17; ++i) many += "f" + std::to_string(i) + "=1&";
  EXPECT_EQ(parse_form(many).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace posthorn::api
