#include "net/http_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <future>

#include "net/http_corpus_for_tests.h"
#include "net/http_server_for_tests.h"

namespace posthorn::net {
namespace {

const std::string kProbe = "GET /probe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

std::string gzip(std::string_view plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip_post(std::string_view plain) {
  const auto body = gzip(plain);
  return "POST /z HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::vector<int> statuses_of(std::string& bytes, bool to_head) {
  std::vector<int> statuses;
  while (auto answer = take_answer(bytes, to_head && statuses.empty())) statuses.push_back(answer->status);
  return statuses;
}

TEST(HttpServer, AnswersEveryRequestOfTheCorpusAsItMust) {
  RunningServer running;
  const auto corpus = http_corpus();
  EXPECT_GE(corpus.size(), 200U);
  for (const auto& example : corpus) {
    SCOPED_TRACE(example.name);
    RawClient client(running.port());
    auto expected = example.statuses;
    client.send(example.bytes);
    if (example.ending == Ending::open) {
      client.send(kProbe);
      expected.push_back(200);
    } else {
      client.send(kSmuggled);
    }
    EXPECT_TRUE(client.closed_by_server());
    const bool to_head = example.bytes.starts_with("HEAD");
    EXPECT_EQ(statuses_of(client.bytes(), to_head), expected);
    EXPECT_EQ(client.bytes(), "") << "bytes that belong to no answer";
    EXPECT_EQ(running.service.smuggled, 0);
  }
}

TEST(HttpServer, SaysNothingToARequestThatItsClientDoesNotFinish) {
  RunningServer running;
  for (const char* bytes :
       {"", "\r\n", "G", "GET / HTTP/1.1\r\nHost: x\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
    SCOPED_TRACE(bytes);
    RawClient client(running.port());
    client.send(bytes);
    client.end_output();
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(client.bytes(), "");
  }
  EXPECT_EQ(running.service.handled, 0);
}

TEST(HttpServer, AnswersAClientThatHasShutItsSide) {
  RunningServer running;
  RawClient client(running.port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  client.end_output();
  EXPECT_EQ(client.answer().body, "GET /a   [0]");
  EXPECT_EQ(client.answer().body, "GET /b   [0]");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, GivesTheServiceWhatTheRequestSays) {
  RunningServer running;
  RawClient client(running.port());
  const auto ask = [&client](const std::string& request) {
    client.send(request);
    return client.answer().body;
  };
  EXPECT_EQ(ask("GET /a%20b/c?d=e?f HTTP/1.1\r\nHost: x\r\nX-One:  1 \r\nX-Two:\r\nX-One: 3\r\n\r\n"),
            "GET /a%20b/c d=e?f  [0] X-One=1; X-Two=; X-One=3;");
  EXPECT_EQ(ask("PUT http://h:1/p?q HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"), "PUT /p q abc [3]");
  EXPECT_EQ(ask("PUT http://h HTTP/1.1\r\nHost: x\r\n\r\n"), "PUT /   [0]");
  EXPECT_EQ(ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), "OPTIONS *   [0]");
  EXPECT_EQ(
      ask("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n"),
      "POST /c  abcdefg [7]");
  EXPECT_EQ(ask(gzip_post("hello gzip")), "POST /z  hello gzip [10]");
}

TEST(HttpServer, WritesDateAndLengthAndNoServer) {
  RunningServer running;
  RawClient client(running.port());
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_TRUE(answer.header("Date").ends_with(" GMT")) << answer.head;
  EXPECT_EQ(answer.header("Date").size(), 29U);
  EXPECT_EQ(answer.header("Content-Length"), std::to_string(answer.body.size()));
  EXPECT_EQ(answer.header("Content-Type"), "text/plain");
  EXPECT_EQ(answer.header("Server"), "(none)");
  EXPECT_EQ(answer.header("Connection"), "(none)");
}

TEST(HttpServer, AnswersHeadWithTheLengthButWithoutTheBody) {
  RunningServer running;
  RawClient client(running.port());
  client.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.answer(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Length"), std::to_string(std::string("HEAD /abc   [0]").size()));
  client.send("HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.answer(true).header("Content-Length"), std::to_string(8 * 1024 * 1024));
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\nExpect: coffee\r\n\r\n");
  EXPECT_EQ(client.answer(true).status, 417);
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(client.bytes(), "");
}

TEST(HttpServer, NoContentHasNeitherBodyNorLength) {
  RunningServer running;
  RawClient client(running.port());
  client.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("Content-Length"), "(none)");
}

TEST(HttpServer, TellsAnHttp10ClientThatTheConnectionStays) {
  RunningServer running;
  RawClient client(running.port());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.answer().header("Connection"), "keep-alive");
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.answer().header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(HttpServer, NamesTheMethodsItServesWhenItRefusesOne) {
  RunningServer running;
  RawClient client(running.port());
  client.send("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.answer().header("Allow").find("GET"), std::string::npos);
}

TEST(HttpServer, LeavesOutHeadersThatWouldSplitTheAnswer) {
  RunningServer running;
  RawClient client(running.port());
  client.send("GET /bad-header HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.head.find("Injected"), std::string::npos);
}

TEST(HttpServer, InvitesABodyOnlyWhenItWillBeRead) {
  RunningServer running;
  RawClient client(running.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.answer().status, 100);
  client.send("hello");
  EXPECT_EQ(client.answer().body, "POST /  hello [5]");
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.answer().status, 100);
  client.send("5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(client.answer().body, "POST /  hello [5]");
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n");
  EXPECT_EQ(client.answer().status, 413);
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(client.bytes(), "");
}

TEST(HttpServer, DoesNotInviteABodyThatItsHeadAlreadyMakesUseless) {
  RunningServer running;
  RawClient client(running.port());
  client.send("POST /unwanted HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "unwanted");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(client.bytes(), "");
  EXPECT_EQ(running.service.handled, 0);
}

TEST(HttpServer, ReadsBodiesUpToTheLimitAndNotBeyond) {
  RunningServer running;
  const auto send_sized = [&running](std::size_t size) {
    RawClient client(running.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'b'));
    return client.answer().status;
  };
  const auto send_chunked = [&running](std::size_t size, std::size_t chunk) {
    std::string bytes = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    char digits[20];
    for (std::size_t sent = 0; sent < size; sent += chunk) {
      const auto part = std::min(chunk, size - sent);
      const auto end = std::to_chars(digits, digits + sizeof digits, part, 16).ptr;
      bytes.append(digits, end).append("\r\n").append(part, 'b').append("\r\n");
    }
    RawClient client(running.port());
    client.send(bytes + "0\r\n\r\n");
    return client.answer().status;
  };
  const auto send_gzip = [&running](std::size_t size) {
    RawClient client(running.port());
    client.send(gzip_post(std::string(size, 'b')));
    return client.answer().status;
  };
  constexpr auto kMax = EchoService::kBodyBytesMax;
  EXPECT_EQ(send_sized(kMax), 200);
  EXPECT_EQ(send_sized(kMax + 1), 413);
  EXPECT_EQ(send_sized(kMax * 20), 413);
  for (const std::size_t chunk : {1UL, 7UL, 4096UL, kMax}) {
    EXPECT_EQ(send_chunked(kMax, chunk), 200) << chunk;
    EXPECT_EQ(send_chunked(kMax + 1, chunk), 413) << chunk;
  }
  EXPECT_EQ(send_gzip(kMax), 200);
  EXPECT_EQ(send_gzip(kMax + 1), 413);
  EXPECT_EQ(send_gzip(64 * 1024 * 1024), 413);
}

TEST(HttpServer, TheAnswerToATooLargeBodyReachesAClientThatGoesOnSending) {
  RunningServer running;
  RawClient client(running.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string(3'000'000, 'b'));
  EXPECT_EQ(client.answer().status, 413);
}

TEST(HttpServer, SendsLargeAnswersWhole) {
  RunningServer running;
  RawClient client(running.port());
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_EQ(answer.body.size(), 8U * 1024 * 1024);
  EXPECT_EQ(answer.body.find_first_not_of('x'), std::string::npos);
  EXPECT_EQ(client.answer().body, "GET /after   [0]");
}

TEST(HttpServer, AnswersAThousandPipelinedRequestsInOrder) {
  RunningServer running;
  RawClient client(running.port());
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    bytes += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
  }
  client.send(bytes);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(client.answer().body, "POST /" + std::to_string(i) + "  abc [3]");
}

// --- listening -----------------------------------------------------------------------------------------------------

TEST(HttpServer, NamesHostAndPortWhenItCannotListen) {
  RunningServer first;
  HttpServerOptions options;
  options.port = first.port();
  HttpServer second(first.loop, first.service, first.clock, options);
  const auto status = second.start();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("127.0.0.1:" + std::to_string(first.port())), std::string::npos);
  options.host = "no-address";
  HttpServer third(first.loop, first.service, first.clock, options);
  EXPECT_FALSE(third.start());
}

TEST(HttpServer, SharesItsPortOnlyWhenToldTo) {
  HttpServerOptions options;
  options.port_use = PortUse::first_of_several;
  RunningServer first(options);
  options.port = first.port();
  options.port_use = PortUse::joining;
  RunningServer second(options);
  EXPECT_EQ(first.port(), second.port());
  // Both take connections.
  while (first.service.handled == 0 || second.service.handled == 0) {
    RawClient client(first.port());
    client.send(kProbe);
    ASSERT_EQ(client.answer().status, 200);
  }
}

TEST(HttpServer, AnotherProcessCannotShareItsPort) {
  HttpServerOptions options;
  options.port_use = PortUse::first_of_several;
  RunningServer first(options);
  options.port = first.port();
  for (const auto use : {PortUse::first_of_several, PortUse::exclusive}) {
    options.port_use = use;
    HttpServer other(first.loop, first.service, first.clock, options);
    const auto status = other.start();
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("in use"), std::string::npos) << status.error().message;
  }
}

bool machine_has_ipv6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 place{};
  place.sin6_family = AF_INET6;
  place.sin6_addr = in6addr_loopback;
  const bool has = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
  if (fd >= 0) ::close(fd);
  return has;
}

TEST(HttpServer, ListensOnIpv6) {
  if (!machine_has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  HttpServerOptions options;
  options.host = "[::1]";
  RunningServer running(options);
  EXPECT_NE(running.port(), 0);
}

TEST(HttpServer, StopsWithoutStartTwiceAndStartsAgain) {
  RunningServer running;
  HttpServer other(running.loop, running.service, running.clock, {});
  other.stop(Milliseconds(0));
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(other.start());
    ASSERT_TRUE(other.start());
    RawClient client(other.port());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.answer().status, 200);
    other.stop(Milliseconds(0));
    EXPECT_TRUE(client.closed_by_server());
    other.stop(Milliseconds(0));
  }
}

}  // namespace
}  // namespace posthorn::net
