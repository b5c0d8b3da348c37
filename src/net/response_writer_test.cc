#include "net/response_writer.h"

#include <gtest/gtest.h>

namespace posthorn::net {
namespace {

TEST(DateValue, WritesTheFormOfRfc9110) {
  DateValue date;
  const struct {
    std::int64_t milliseconds;
    const char* expected;
  } rows[] = {
      {784111777'000, "Sun, 06 Nov 1994 08:49:37 GMT"},
      {784111777'999, "Sun, 06 Nov 1994 08:49:37 GMT"},
      {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
      {951782400'000, "Tue, 29 Feb 2000 00:00:00 GMT"},
      {4102444799'000, "Thu, 31 Dec 2099 23:59:59 GMT"},
  };
  for (const auto& row : rows) EXPECT_EQ(date.at(Timestamp(Milliseconds(row.milliseconds))), row.expected);
}

std::string head(const HttpResponse& response, AfterAnswer after) {
  std::string out;
  append_response_head(out, response, "DATE", after);
  return out;
}

TEST(ResponseHead, SaysWhatTheAnswerIs) {
  HttpResponse response;
  response.body = "12345";
  EXPECT_EQ(head(response, AfterAnswer::keep),
            "HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n");
  response.status = 202;
  response.content_type = "";
  response.headers = {{"ETag", "\"1\""}, {"X-A", ""}};
  EXPECT_EQ(head(response, AfterAnswer::close),
            "HTTP/1.1 202 Accepted\r\nDate: DATE\r\nContent-Length: 5\r\nETag: \"1\"\r\nX-A: \r\nConnection: close\r\n\r\n");
  response = {};
  response.status = 204;
  EXPECT_EQ(head(response, AfterAnswer::keep_and_tell),
            "HTTP/1.1 204 No Content\r\nDate: DATE\r\nConnection: keep-alive\r\n\r\n");
}

TEST(ResponseHead, LeavesOutWhatWouldBreakTheMessage) {
  for (const OwnedHeader& header : std::vector<OwnedHeader>{{"A", "b\r\nC: d"},
                                                            {"A\r\nB", "c"},
                                                            {"A", "b\n"},
                                                            {"A:", "b"},
                                                            {"", "b"},
                                                            {"A", std::string("b\0", 2)},
                                                            {"A", " b"},
                                                            {"Content-Length", "1"},
                                                            {"transfer-encoding", "chunked"},
                                                            {"Connection", "keep-alive"}}) {
    SCOPED_TRACE(header.name + ": " + header.value);
    HttpResponse response;
    response.headers = {header, {"X-Kept", "yes"}};
    std::string out;
    EXPECT_FALSE(append_response_head(out, response, "DATE", AfterAnswer::keep));
    EXPECT_TRUE(out.ends_with("Content-Length: 0\r\nX-Kept: yes\r\n\r\n")) << out;
  }
  HttpResponse response;
  response.headers = {{"X-Kept", "yes"}};
  std::string out;
  EXPECT_TRUE(append_response_head(out, response, "DATE", AfterAnswer::keep));
}

TEST(HeaderNames, AreTokens) {
  for (const char* good : {"a", "X-Y_z.1", "!#$%&'*+-.^_`|~"}) EXPECT_TRUE(is_header_name(good)) << good;
  for (const char* bad :
       {"", " ", "a b", "a:", "a\t", "a/b", "(", "\xc3\xa9", "a\r", "[a]", "a,b", "\"a\"", "a;b", "a=b", "a@b"}) {
    EXPECT_FALSE(is_header_name(bad)) << bad;
  }
  EXPECT_FALSE(is_header_name(std::string_view("a\0", 2)));
}

TEST(HeaderValues, AreTextWithoutControlsAndWithoutSpacesAtTheEnds) {
  for (const char* good : {"", "a", "a b", "a\tb", "\xc3\xa9", "!~"}) EXPECT_TRUE(is_header_value(good)) << good;
  for (const char* bad : {" a", "a ", "\ta", "a\t", "a\rb", "a\nb", "a\x01", "a\x7f", " "})
    EXPECT_FALSE(is_header_value(bad)) << bad;
  EXPECT_FALSE(is_header_value(std::string_view("a\0b", 3)));
  // U+560A ends in the byte of a line feed only when somebody cuts its code point; as UTF-8 it is harmless.
  EXPECT_TRUE(is_header_value("\xe5\x98\x8a"));
}

TEST(TransportHeaders, BelongToTheTransportInAnyCase) {
  for (const char* name :
       {"Host", "content-length", "TRANSFER-ENCODING", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect"}) {
    EXPECT_TRUE(is_transport_header(name)) << name;
  }
  for (const char* name : {"", "Content-Type", "X-Host", "Hosts", "Date", "Authorization"})
    EXPECT_FALSE(is_transport_header(name)) << name;
}

}  // namespace
}  // namespace posthorn::net
