#include "api/kit/paging.h"

#include <gtest/gtest.h>

#include <limits>

namespace posthorn::api {
namespace {

const net::HttpRequest kRequest;

RequestContext context(std::string_view pattern, std::string_view tenant, QueryPairs query) {
  RequestContext made(kRequest);
  made.pattern = pattern;
  made.query = Query(std::move(query));
  if (!tenant.empty()) {
    auto value = std::make_shared<domain::Tenant>();
    value->name = tenant;
    made.tenant = value;
  }
  return made;
}

TEST(ReadPage, TakesLimitsWithinBounds) {
  EXPECT_EQ(read_page(context("/a", "t", {}))->limit, kPageItemsDefault);
  EXPECT_EQ(read_page(context("/a", "t", {{"limit", "1"}}))->limit, 1u);
  EXPECT_EQ(read_page(context("/a", "t", {{"limit", "250"}}))->limit, 250u);
  for (const std::string limit : {"", "0", "251", "-1", "+1", "1.5", "0x10", " 1", "1 ", "99999999999999999999", "ten"}) {
    const auto page = read_page(context("/a", "t", {{"limit", limit}}));
    ASSERT_FALSE(page) << limit;
    EXPECT_EQ(page.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(page.error().field, "limit");
  }
}

TEST(Cursor, ComesBackAsItWasMade) {
  const auto list = context("/a", "t", {});
  const std::string largest = std::to_string(std::numeric_limits<std::int64_t>::max());
  for (const std::string& position :
       std::vector<std::string>{std::string("1"), largest, std::string("name.with-:_"), std::string(128, 'x')}) {
    const auto page = read_page(context("/a", "t", {{"cursor", make_cursor(list, position)}}));
    ASSERT_TRUE(page) << position;
    EXPECT_EQ(page->position, position);
  }
}

TEST(Cursor, IsRefusedWhenDamagedOrOfAnotherList) {
  const std::string cursor = make_cursor(context("/a", "t", {}), "123456");
  const auto refused = [](const RequestContext& made) {
    const auto page = read_page(made);
    return !page && page.error().field == "cursor" && page.error().kind == ErrorKind::invalid_argument;
  };
  EXPECT_FALSE(refused(context("/a", "t", {{"cursor", cursor}})));
  EXPECT_TRUE(refused(context("/b", "t", {{"cursor", cursor}})));
  EXPECT_TRUE(refused(context("/a", "u", {{"cursor", cursor}})));
  EXPECT_TRUE(refused(context("/a", "", {{"cursor", cursor}})));
  EXPECT_TRUE(refused(context("/a", "t", {{"cursor", ""}})));
  EXPECT_TRUE(refused(context("/a", "t", {{"cursor", cursor + "="}})));
  EXPECT_TRUE(refused(context("/a", "t", {{"cursor", std::string(kCursorBytesMax + 1, 'A')}})));
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string damaged = cursor;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(refused(context("/a", "t", {{"cursor", damaged}}))) << damaged;
    EXPECT_TRUE(refused(context("/a", "t", {{"cursor", cursor.substr(0, i)}}))) << i;
  }
}

TEST(KeyPosition, IsAPositiveNumberOrTheStart) {
  EXPECT_EQ(*key_position({50, ""}), 0);
  EXPECT_EQ(*key_position({50, "42"}), 42);
  for (const std::string& position : std::vector<std::string>{"0", "-1", "x", "1x", "99999999999999999999"})
    EXPECT_FALSE(key_position({50, position}));
}

TEST(FinishPage, SaysWhereTheNextOneStarts) {
  const auto list = context("/a", "t", {});
  std::string last = R"({"items":[)";
  finish_page(last, list, "");
  EXPECT_EQ(last, R"({"items":[],"nextCursor":null})");
  std::string more = R"({"items":[1)";
  finish_page(more, list, "7");
  EXPECT_EQ(more, R"({"items":[1],"nextCursor":")" + make_cursor(list, "7") + R"("})");
}

}  // namespace
}  // namespace posthorn::api
