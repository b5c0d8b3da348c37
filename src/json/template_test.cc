#include "json/template.h"

#include <gtest/gtest.h>

#include "json/reader.h"

namespace posthorn::json {
namespace {

constexpr std::string_view kDocument =
    R"({"topic":"a.b","data":{"id":17,"name":"Ann \"A\"","tags":["x",{"y":1.5}],"none":null,"big":18446744073709551615,"yes":true}})";

std::string filled(std::string_view text) {
  const auto made = Template::compile(*parse(text), "publish/data");
  EXPECT_TRUE(made) << text << made.error().message;
  return made ? *(*made)->fill(*parse(kDocument), 10'000) : std::string();
}

TEST(Template, FillsPlaceholders) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1", "1"},
      {R"({"a":[1,null,"x"]})", R"({"a":[1,null,"x"]})"},
      {R"("{{ $.data.id }}")", "17"},
      {R"("{{$.data.big}}")", "18446744073709551615"},
      {R"("{{ $.data.name }}")", R"("Ann \"A\"")"},
      {R"("{{ $.data.tags }}")", R"(["x",{"y":1.5}])"},
      {R"("{{ $.data.missing }}")", "null"},
      {R"(" {{ $.data.id }}")", R"(" 17")"},
      {R"("{{ $.data.id }}/{{ $.data.name }}")", R"("17/Ann \"A\"")"},
      {R"("[{{ $.data.missing }}{{ $.data.none }}{{ $.data.yes }}{{ $.data.tags[1] }}]")", R"("[true{\"y\":1.5}]")"},
      {R"("\\{{ $.data.id }}")", R"("{{ $.data.id }}")"},
      {R"({"{{ $.data.id }}":{"deep":["{{ $.data['id'] }}","{{ $.data.tags[-1].y }}"]}})",
       R"({"{{ $.data.id }}":{"deep":[17,1.5]}})"},
      {"\"\"", "\"\""},
      {"[]", "[]"},
      {"{}", "{}"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(filled(text), expected) << text;
  EXPECT_EQ(*parse(filled(R"("{{ $ }}")")), *parse(kDocument));
}

TEST(Template, SaysWhereItIsWrong) {
  struct Case {
    std::string_view text, field, code;
  };
  for (const auto& c : std::vector<Case>{
           {R"({"a":["x","{{ $.b"]})", "data/a/1", "invalid_template"},
           {R"({"a/b":"{{ data }}"})", "data/a~1b", "invalid_path"},
           {R"("{{ $..x }}")", "data", "invalid_path"},
           {R"("{{ $.a[*] }}")", "data", "invalid_path"},
           {R"("{{ }}")", "data", "invalid_path"},
       }) {
    const auto made = Template::compile(*parse(c.text), "data");
    ASSERT_FALSE(made) << c.text;
    EXPECT_EQ(made.error().field, c.field);
    EXPECT_EQ(made.error().code, c.code) << c.text;
  }
}

TEST(Template, IsBounded) {
  std::string many;
  for (std::size_t i = 0; i <= kTemplatePlaceholdersMax; ++i) many += "{{ $.a }}";
  EXPECT_EQ(Template::compile(bj::value(many), "data").error().code, "too_long");
  EXPECT_EQ(Template::compile(bj::value(std::string(kTemplateBytesMax, 'x')), "data").error().code, "too_long");
  const auto made = Template::compile(*parse(R"(["{{ $.a }}","{{ $.a }}","{{ $.a }}{{ $.a }}"])"), "data");
  const bj::value document{{"a", std::string(1000, 'x')}};
  EXPECT_TRUE((*made)->fill(document, 5000));
  EXPECT_EQ((*made)->fill(document, 3000).error().code, "too_long");
  EXPECT_EQ((*made)->source(), *parse(R"(["{{ $.a }}","{{ $.a }}","{{ $.a }}{{ $.a }}"])"));
}

}  // namespace
}  // namespace posthorn::json
