#include "net/response_parser.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/limits.h"

namespace posthorn::net {
namespace {

using namespace std::string_view_literals;
using Progress = ResponseParser::Progress;
using Answer = ResponseParser::Answer;

struct Outcome {
  Progress progress = Progress::more;
  bool reusable = false;
  ClientResponse response;
  std::optional<SendFailure> failure;
  std::string detail;
};

enum class End { open, closed };

// Feeds `bytes` in pieces, then ends the stream if the case is about that.
Outcome parse(std::string_view bytes, std::size_t piece, End end, Answer answer = Answer::with_body) {
  ResponseParser parser;
  parser.begin(answer);
  Outcome outcome;
  while (!bytes.empty() && outcome.progress == Progress::more) {
    outcome.progress = parser.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (end == End::closed && outcome.progress == Progress::more) outcome.progress = parser.end_of_stream();
  if (outcome.progress == Progress::failed) {
    auto error = parser.take_error();
    outcome.failure = error.kind;
    outcome.detail = error.detail;
  } else {
    outcome.reusable = outcome.progress == Progress::complete && parser.reusable();
    outcome.response = parser.take();
  }
  return outcome;
}

constexpr std::size_t kWhole = std::string_view::npos;
constexpr std::size_t kPieces[] = {kWhole, 1, 2, 3, 7};

struct Good {
  std::string_view bytes;
  int status;
  std::string_view body;
  bool reusable;
  End end = End::open;
  Answer answer = Answer::with_body;
};

const Good kGood[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
    {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, "", true},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", true},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", true},
    {"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", 500, "no", true},
    {"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 999, "", true},
    {"HTTP/1.1 301 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", 301, "", true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
    {"HTTP/1.1 200 OK\r\nconnection: CLOSE\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", false, End::closed},
    {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end", false, End::closed},
    {"HTTP/1.1 200 OK\r\n\r\n", 200, "", false, End::closed},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", 200, "", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", 200, "ok", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00002;a=b\r\nok\r\n0\r\n\r\n", 200, "ok", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n", 200, "0123456789", true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
    {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, "",
     true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", true, End::open, Answer::without_body},
    {"HTTP/1.1 200 OK\r\n\r\n", 200, "", true, End::open, Answer::without_body},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "", true, End::open, Answer::without_body},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", true, End::open,
     Answer::without_body},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", 200, "\x1f\x8b\x08", true},
    {"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
    // Bytes after the answer: the answer counts, the connection does not.
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 200, "ok", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokx", 200, "ok", false},
    {"HTTP/1.1 204 No Content\r\n\r\nx", 204, "", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n", 200, "ok", false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", 200, "", false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", 304, "", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "", false, End::open, Answer::without_body},
};

TEST(ResponseParser, ReadsWellFormedAnswersHoweverTheyAreCut) {
  for (const auto& row : kGood) {
    for (const auto piece : kPieces) {
      const auto outcome = parse(row.bytes, piece, row.end, row.answer);
      EXPECT_EQ(outcome.progress, Progress::complete) << row.bytes << "\npieces of " << piece << ": " << outcome.detail;
      EXPECT_EQ(outcome.response.status, row.status) << row.bytes;
      EXPECT_EQ(outcome.response.body, row.body) << row.bytes;
      EXPECT_TRUE(outcome.response.body_complete) << row.bytes;
      // In pieces the bytes behind the answer are not seen by the parser, but by the connection before it is used again.
      if (piece == kWhole) {
        EXPECT_EQ(outcome.reusable, row.reusable) << row.bytes;
      }
    }
  }
}

struct Bad {
  std::string_view bytes;
  SendFailure failure = SendFailure::protocol;
  End end = End::open;
};

const Bad kBad[] = {
    {"hello\r\n\r\n"},
    {"<html>no headers, HTTP/0.9</html>"},
    {"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/11 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 99999\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"},
    {"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"ICY 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"\x16\x03\x01\x02\x00\x01"sv},
    {"\0\0\x06\x04\0\0\0\0\0"sv},
    // lines
    {"HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n"},
    {"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\rContent-Length: 0\r\r"},
    {"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\n X: a\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nX(: a\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\n\xc3\xbc: a\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"sv},
    {"HTTP/1.1 200 OK\r\nX\0: a\r\nContent-Length: 0\r\n\r\n"sv},
    {"HTTP/1.1 200 OK\r\nX: \x01\r\nContent-Length: 0\r\n\r\n"},
    {"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"sv},
    // framing
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2 2\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: \r\n\r\nok"},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\nok\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nok\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nok"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 2\r\nok\r\n0\r\n\r\n"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX : 1\r\n\r\n"},
    // the end came early
    {"", SendFailure::disconnected, End::closed},
    {"H", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK\r\n", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 100 Continue\r\n\r\n", SendFailure::disconnected, End::closed},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2", SendFailure::disconnected, End::closed},
    {"\r\n\r\n", SendFailure::disconnected, End::closed},
};

TEST(ResponseParser, RefusesMalformedAnswersHoweverTheyAreCut) {
  for (const auto& row : kBad) {
    for (const auto piece : kPieces) {
      const auto outcome = parse(row.bytes, piece, row.end);
      ASSERT_TRUE(outcome.failure.has_value())
          << row.bytes << "\npieces of " << piece << ": status " << outcome.response.status;
      if (!outcome.failure) continue;
      EXPECT_EQ(*outcome.failure, row.failure) << row.bytes << "\npieces of " << piece << ": " << outcome.detail;
      EXPECT_FALSE(outcome.detail.empty());
    }
  }
}

TEST(ResponseParser, KeepsHeadersInOrderWithLowerCaseNames) {
  for (const auto piece : kPieces) {
    const auto outcome =
        parse("HTTP/1.1 200 OK\r\nRetry-After:  12 \r\nX-Empty:\r\nX-Utf: \xc3\xbc\tx\r\nContent-Length: 0\r\n\r\n", piece,
              End::open);
    ASSERT_EQ(outcome.progress, Progress::complete);
    const auto& headers = outcome.response.headers;
    ASSERT_EQ(headers.size(), 4U);
    EXPECT_EQ(headers[0].name, "retry-after");
    EXPECT_EQ(outcome.response.header("retry-after"), "12");
    EXPECT_EQ(headers[1].value, "");
    EXPECT_EQ(headers[2].value, "\xc3\xbc\tx");
    EXPECT_EQ(outcome.response.header("x-none"), "");
  }
}

TEST(ResponseParser, DoesNotKeepTheHeadersOfInterimAnswersAndTrailers) {
  const auto outcome = parse(
      "HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-B: 2\r\n\r\n"
      "0\r\nX-C: 3\r\n\r\n",
      kWhole, End::open);
  ASSERT_EQ(outcome.progress, Progress::complete);
  ASSERT_EQ(outcome.response.headers.size(), 2U);
  EXPECT_EQ(outcome.response.header("x-b"), "2");
}

TEST(ResponseParser, RefusesHeadsBeyondTheirLimit) {
  const auto head_of = [](std::size_t size) {
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
    return head + std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
  };
  for (const auto piece : {std::size_t{1}, std::size_t{4096}, kWhole}) {
    EXPECT_EQ(parse(head_of(kResponseHeadBytesMax), piece, End::open).progress, Progress::complete);
    EXPECT_EQ(parse(head_of(kResponseHeadBytesMax + 1), piece, End::open).failure, SendFailure::too_large);
    const std::string many(2 * kResponseHeadBytesMax, 'x');
    EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nX: " + many, piece, End::open).failure, SendFailure::too_large);
    EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n" + many, piece, End::open).failure, SendFailure::too_large);
    EXPECT_EQ(parse("HTTP/1.1 200 " + many, piece, End::open).failure, SendFailure::too_large);
    std::string lines;
    while (lines.size() < many.size()) lines += "\r\n";
    EXPECT_EQ(parse(lines, piece, End::open).failure, SendFailure::too_large);
  }
}

TEST(ResponseParser, CountsInterimAnswers) {
  std::string interim;
  for (int i = 0; i < kInterimResponsesMax; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(parse(interim + last, kWhole, End::open).progress, Progress::complete);
  EXPECT_EQ(parse(interim + "HTTP/1.1 100 Continue\r\n\r\n" + last, kWhole, End::open).failure, SendFailure::protocol);
}

TEST(ResponseParser, KeepsTheFirstBytesOfABodyAndStopsAtItsLimit) {
  const auto sized = [](std::size_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  };
  for (const auto piece : {std::size_t{1000}, kWhole}) {
    const auto kept = parse(sized(kResponseBodyBytesKept), piece, End::open);
    EXPECT_EQ(kept.progress, Progress::complete);
    EXPECT_TRUE(kept.response.body_complete);
    EXPECT_EQ(kept.response.body.size(), kResponseBodyBytesKept);

    const auto longer = parse(sized(kResponseBodyBytesKept + 1), piece, End::open);
    EXPECT_EQ(longer.progress, Progress::complete);
    EXPECT_FALSE(longer.response.body_complete);
    EXPECT_EQ(longer.response.body.size(), kResponseBodyBytesKept);

    EXPECT_EQ(parse(sized(kResponseBodyBytesRead), piece, End::open).progress, Progress::complete);

    const auto cut = parse(sized(kResponseBodyBytesRead + 1), piece, End::open);
    EXPECT_EQ(cut.progress, Progress::cut);
    EXPECT_EQ(cut.response.status, 200);
    EXPECT_FALSE(cut.response.body_complete);
    EXPECT_EQ(cut.response.body, std::string(kResponseBodyBytesKept, 'x'));
  }
}

TEST(ResponseParser, BoundsTheFramingOfChunks) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string tiny = head;
  for (int i = 0; i < 20'000; ++i) tiny += "1\r\nx\r\n";
  EXPECT_EQ(parse(tiny + "0\r\n\r\n", 4096, End::open).progress, Progress::complete);
  EXPECT_EQ(parse(head + "2;" + std::string(2 * kResponseHeadBytesMax, 'x'), 4096, End::open).failure, SendFailure::too_large);
  std::string trailers = head + "0\r\n";
  while (trailers.size() < 2 * kResponseHeadBytesMax) trailers += "X: y\r\n";
  EXPECT_EQ(parse(trailers, 4096, End::open).failure, SendFailure::too_large);
}

TEST(ResponseParser, StartsAfreshWithBegin) {
  ResponseParser parser;
  EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Le"), Progress::more);
  parser.begin(Answer::with_body);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.feed("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"), Progress::complete);
  EXPECT_TRUE(parser.reusable());
  EXPECT_EQ(parser.take().status, 201);
}

}  // namespace
}  // namespace posthorn::net
