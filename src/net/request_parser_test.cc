#include "net/request_parser.h"

#include <gtest/gtest.h>

namespace posthorn::net {
namespace {

// Feeds the head byte by byte.
Progress feed(RequestParser& parser, std::string_view bytes) {
  parser.reset();
  auto progress = Progress::more;
  for (std::size_t size = 1; size <= bytes.size() && progress == Progress::more; ++size) {
    // Another place each time, as in a buffer that grows.
    const std::string moved(bytes.substr(0, size));
    progress = parser.read_head(moved);
  }
  return progress;
}

TEST(RequestParser, ReadsTheHeadAndNothingBehindIt) {
  const std::string_view head = "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nX-One:  1 \r\nX-Two:\r\nContent-Length: 5\r\n\r\n";
  const std::string message = std::string(head) + "helloGET / HTTP/1.1\r\n";
  RequestParser parser;
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(round == 0 ? parser.read_head(message) : feed(parser, message), Progress::done);
    EXPECT_EQ(parser.head_bytes(), head.size());
    EXPECT_EQ(parser.method(), "POST");
    EXPECT_EQ(parser.target(message), "/a/b?c=d");
    EXPECT_EQ(parser.path(message), "/a/b");
    EXPECT_EQ(parser.query(message), "c=d");
    EXPECT_EQ(parser.framing(), BodyFraming::sized);
    EXPECT_EQ(parser.content_length(), 5U);
    EXPECT_TRUE(parser.keep_alive());
    HeaderViews headers;
    parser.headers(message, headers);
    ASSERT_EQ(headers.size(), 4U);
    EXPECT_EQ(headers.find("x-one"), "1");
    EXPECT_EQ(headers.find("X-TWO"), "");
    EXPECT_NE(headers.find("X-TWO").data(), nullptr);
    EXPECT_EQ(headers.find("X-Three").data(), nullptr);
  }
}

TEST(RequestParser, SplitsEveryFormOfTarget) {
  const struct {
    const char* target;
    const char* path;
    const char* query;
  } rows[] = {
      {"/", "/", ""},
      {"/?", "/", ""},
      {"/a?b?c", "/a", "b?c"},
      {"//a//b", "//a//b", ""},
      {"/a/../b/%2e%2e", "/a/../b/%2e%2e", ""},
      {"http://h", "/", ""},
      {"http://h/", "/", ""},
      {"http://h?q", "/", "q"},
      {"HTTP://h:80/a?b", "/a", "b"},
      {"https://[::1]:8/a", "/a", ""},
      {"/http://h/", "/http://h/", ""},
  };
  RequestParser parser;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.target);
    const auto message = "GET " + std::string(row.target) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_EQ(feed(parser, message), Progress::done) << parser.refusal().detail;
    EXPECT_EQ(parser.target(message), row.target);
    EXPECT_EQ(parser.path(message), row.path);
    EXPECT_EQ(parser.query(message), row.query);
  }
}

TEST(RequestParser, KnowsWhetherTheConnectionStays) {
  const struct {
    const char* version;
    const char* connection;
    bool keep;
  } rows[] = {
      {"1.1", "", true},           {"1.1", "close", false},        {"1.1", "Close", false}, {"1.1", "keep-alive", true},
      {"1.1", "a, close", false},  {"1.1", "close-not", true},     {"1.0", "", false},      {"1.0", "keep-alive", true},
      {"1.0", "Keep-Alive", true}, {"1.0", "x, keep-alive", true}, {"1.0", "close", false}, {"1.1", "upgrade", true},
  };
  RequestParser parser;
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.version) + ' ' + row.connection);
    const auto message = "GET / HTTP/" + std::string(row.version) + "\r\nHost: x\r\nConnection: " + row.connection + "\r\n\r\n";
    ASSERT_EQ(feed(parser, message), Progress::done);
    EXPECT_EQ(parser.keep_alive(), row.keep);
    EXPECT_EQ(parser.is_http_1_0(), row.version == std::string("1.0"));
  }
}

TEST(RequestParser, ReadsExpectationsAndCodings) {
  const struct {
    const char* headers;
    Expectation expectation;
    BodyCoding coding;
  } rows[] = {
      {"", Expectation::none, BodyCoding::identity},
      {"Expect: 100-continue\r\n", Expectation::body_on_request, BodyCoding::identity},
      {"Expect: 100-CONTINUE\r\n", Expectation::body_on_request, BodyCoding::identity},
      {"Expect: \r\n", Expectation::unknown, BodyCoding::identity},
      {"Expect: a\r\nExpect: 100-continue\r\n", Expectation::unknown, BodyCoding::identity},
      {"Content-Encoding: GZIP\r\n", Expectation::none, BodyCoding::gzip},
      {"Content-Encoding: x-gzip\r\n", Expectation::none, BodyCoding::gzip},
      {"Content-Encoding: identity\r\n", Expectation::none, BodyCoding::identity},
      {"Content-Encoding: deflate\r\n", Expectation::none, BodyCoding::unknown},
      {"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", Expectation::none, BodyCoding::unknown},
  };
  RequestParser parser;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.headers);
    ASSERT_EQ(feed(parser, "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(row.headers) + "\r\n"), Progress::done);
    EXPECT_EQ(parser.expectation(), row.expectation);
    EXPECT_EQ(parser.coding(), row.coding);
  }
}

TEST(RequestParser, HoldsItsLimitsOnBothSides) {
  RequestParser parser({.bytes_max = 200, .headers_max = 3, .target_bytes_max = 20});
  const auto head = [](std::size_t target, int headers, std::size_t value) {
    auto text = "GET /" + std::string(target - 1, 'a') + " HTTP/1.1\r\nHost: x\r\n";
    for (int i = 2; i < headers; ++i) text += "A: b\r\n";
    return text + "B: " + std::string(value, 'b') + "\r\n\r\n";
  };
  const auto status = [&parser](const std::string& bytes) {
    parser.reset();
    const auto whole = parser.read_head(bytes);
    const int found = whole == Progress::done ? 200 : parser.refusal().status;
    EXPECT_EQ(feed(parser, bytes), whole);
    EXPECT_EQ(whole == Progress::done ? 200 : parser.refusal().status, found);
    return found;
  };
  EXPECT_EQ(status(head(20, 3, 1)), 200);
  EXPECT_EQ(status(head(21, 3, 1)), 414);
  EXPECT_EQ(status(head(20, 4, 1)), 431);
  const auto rest = head(1, 2, 0).size();
  EXPECT_EQ(status(head(1, 2, 200 - rest)), 200);
  EXPECT_EQ(status(head(1, 2, 201 - rest)), 431);
  EXPECT_EQ(status("\r\n" + head(1, 2, 200 - rest)), 200);
}

TEST(RequestParser, SaysEarlyThatAHeadIsHopeless) {
  const struct {
    const char* bytes;
    int status;
  } rows[] = {
      {"GET /\r", 400},          {"GEX", 405},          {"ge", 400}, {" ", 400}, {"GET / HTTP/1.1\r\nA B", 400},
      {"GET / HTTP/3.0\r", 505}, {"\x16\x03\x01", 400},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.bytes);
    RequestParser parser;
    const auto progress = parser.read_head(row.bytes);
    EXPECT_EQ(progress, Progress::failed);
    EXPECT_EQ(parser.refusal().status, row.status);
  }
}

TEST(RequestParser, AnEmptyLineBetweenRequestsIsNotTheBeginningOfOne) {
  RequestParser parser;
  EXPECT_EQ(parser.read_head("\r"), Progress::more);
  EXPECT_EQ(parser.read_head("\r\n"), Progress::more);
  EXPECT_FALSE(parser.begun("\r\n"));
  EXPECT_EQ(parser.read_head("\r\nG"), Progress::more);
  EXPECT_TRUE(parser.begun("\r\nG"));
}

}  // namespace
}  // namespace posthorn::net
