// What endpoints do wrong, and what the client makes of each: one response or one failure of the right kind, in time, and
// never a byte of it in the exchange that follows.
#include <gtest/gtest.h>

#include <fstream>

#include "base/limits.h"
#include "net/client_for_tests.h"
#include "net/endpoint_for_tests.h"

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string kFine = "HTTP/1.1 207 Fine\r\nContent-Length: 4\r\n\r\nfine";
constexpr auto kShort = 100ms;  // the deadline of cases that end by it
constexpr auto kGenerous = 60s;

void serve_fine(TestPeer& peer) {
  while (peer.read_request()) {
    if (!peer.send(kFine)) return;
  }
}

struct Behaviour {
  std::string name;
  TestEndpoint::Script script;
  std::optional<int> status;  // or:
  std::optional<SendFailure> failure;
  std::chrono::milliseconds time = kGenerous;
  std::string body = "hello";
  int status_of_failure = 0;  // of the answer whose head had come whole
  bool ends_late = false;     // the end of the connection may come when the next request has gone that way already
};

// Reads the request, then says `bytes`, then closes or waits for the client to close.
enum class Then { close, wait, reset, serve };
TestEndpoint::Script say(std::string bytes, Then then = Then::wait) {
  return [bytes = std::move(bytes), then](TestPeer& peer) {
    if (!peer.read_request()) return;
    peer.send(bytes);
    if (then == Then::wait) peer.wait_for_close();
    if (then == Then::reset) peer.reset();
    if (then == Then::serve) serve_fine(peer);
  };
}

std::string interim(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "HTTP/1.1 100 Continue\r\n\r\n";
  return text;
}

Behaviour fails(std::string name, SendFailure failure, TestEndpoint::Script script) {
  return {std::move(name), std::move(script), std::nullopt, failure};
}
Behaviour times_out(std::string name, TestEndpoint::Script script, std::string body = "hello") {
  return {std::move(name), std::move(script), std::nullopt, SendFailure::timeout, kShort, std::move(body)};
}
Behaviour answers(std::string name, int status, TestEndpoint::Script script, std::string body = "hello") {
  return {std::move(name), std::move(script), status, std::nullopt, kGenerous, std::move(body)};
}

const std::string kHead = "HTTP/1.1 200 OK\r\n";
const std::string kLarge(4 << 20, 'b');  // more than the sockets' buffers hold

std::vector<Behaviour> hangs() {
  std::vector<Behaviour> rows;
  rows.push_back(times_out("hangs before it reads", [](TestPeer& peer) { peer.wait_for_close(); }));
  rows.push_back(times_out("hangs before it answers", say("")));
  rows.push_back(times_out(
      "never reads a large body",
      [](TestPeer& peer) {
        (void)peer.read_some();
        while (!peer.closes_within(kGenerous)) continue;
      },
      kLarge));
  rows.push_back(times_out("hangs in the status line", say("HTTP/1.1 2")));
  rows.push_back(times_out("hangs after the status line", say(kHead)));
  rows.push_back(times_out("hangs in a header", say(kHead + "Content-Le")));
  rows.push_back(times_out("hangs after the head", say(kHead + "Content-Length: 2\r\n\r\n")));
  rows.back().status_of_failure = 200;
  rows.push_back(times_out("hangs in the body", say(kHead + "Content-Length: 2\r\n\r\no")));
  rows.back().status_of_failure = 200;
  rows.push_back(times_out("hangs without a length", say(kHead + "\r\nabc")));
  rows.back().status_of_failure = 200;
  rows.push_back(times_out("hangs in a chunk", say(kHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nab")));
  rows.back().status_of_failure = 200;
  rows.push_back(times_out("hangs before the last chunk", say(kHead + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")));
  rows.back().status_of_failure = 200;
  rows.push_back(times_out("hangs in the trailers", say(kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n")));
  rows.back().status_of_failure = 200;
  rows.push_back(times_out("hangs after an interim answer", say(interim(1))));
  rows.push_back(times_out("drips its head", [](TestPeer& peer) {
    if (peer.read_request()) peer.drip(kHead + "X: " + std::string(10'000, 'x'), 5ms);
  }));
  rows.push_back(times_out("drips its body", [](TestPeer& peer) {
    if (!peer.read_request()) return;
    peer.send(kHead + "Content-Length: 10000\r\n\r\n");
    peer.drip(std::string(10'000, 'x'), 5ms);
  }));
  rows.back().status_of_failure = 200;
  rows.push_back(times_out("drips interim answers", [](TestPeer& peer) {
    if (peer.read_request()) peer.drip(interim(90), 5ms);
  }));
  return rows;
}

std::vector<Behaviour> floods() {
  const auto flood = [](std::string first, std::string again) -> TestEndpoint::Script {
    return [first = std::move(first), again = std::move(again)](TestPeer& peer) {
      if (peer.read_request() && peer.send(first)) peer.send_for_ever(again);
    };
  };
  std::vector<Behaviour> rows;
  rows.push_back(fails("sends headers for ever", SendFailure::too_large, flood(kHead, "X: y\r\n")));
  rows.push_back(fails("sends one header for ever", SendFailure::too_large, flood(kHead + "X: ", std::string(1000, 'x'))));
  rows.push_back(fails("sends a header name for ever", SendFailure::too_large, flood(kHead, std::string(1000, 'x'))));
  rows.push_back(fails("sends a reason for ever", SendFailure::too_large, flood("HTTP/1.1 200 ", std::string(1000, 'x'))));
  rows.push_back(fails("sends empty lines for ever", SendFailure::too_large, flood("", "\r\n\r\n\r\n")));
  rows.push_back(fails("sends interim answers for ever", SendFailure::protocol, flood("", interim(100))));
  rows.push_back(answers("sends a body for ever", 200, flood(kHead + "\r\n", std::string(1000, 'x'))));
  rows.push_back(
      answers("sends a body of 10 GiB", 200, flood(kHead + "Content-Length: 10737418240\r\n\r\n", std::string(100'000, 'x'))));
  rows.push_back(
      answers("sends chunks for ever", 200, flood(kHead + "Transfer-Encoding: chunked\r\n\r\n", "a\r\n0123456789\r\n")));
  rows.push_back(fails("sends a chunk extension for ever", SendFailure::too_large,
                       flood(kHead + "Transfer-Encoding: chunked\r\n\r\n5;", std::string(1000, 'x'))));
  rows.push_back(fails("sends trailers for ever", SendFailure::too_large,
                       flood(kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n")));
  rows.push_back(answers("sends what looks like a gzip bomb", 200,
                         flood(kHead + "Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08", std::string(1000, '\0'))));
  // The second answer begins together with the first: one that comes only after the next request has gone out cannot be told
  // from that request's own.
  rows.push_back(answers("sends answers for ever", 204,
                         flood("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204", " No Content\r\n\r\nHTTP/1.1 204")));
  return rows;
}

std::vector<Behaviour> malformed() {
  const auto bad = [](std::string name, std::string bytes) {
    return fails(std::move(name), SendFailure::protocol, say(std::move(bytes)));
  };
  return {
      bad("speaks HTTP/0.9", "<html>hello</html>"),
      bad("says HTTP/0.9", "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n"),
      bad("says HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
      bad("speaks TLS", "\x15\x03\x01\x00\x02\x02\x16"s),
      bad("speaks SSH", "SSH-2.0-OpenSSH_9.2\r\n"),
      bad("speaks SMTP", "220 mail ready\r\n"),
      bad("has a status of five digits", "HTTP/1.1 99999\r\nContent-Length: 0\r\n\r\n"),
      bad("has a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
      bad("has a status of letters", "HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"),
      bad("changes the protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
      bad("sends two lengths", kHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
      bad("sends the same length twice", kHead + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
      bad("sends a list of lengths", kHead + "Content-Length: 2, 2\r\n\r\nok"),
      bad("sends length and chunks", kHead + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
      bad("sends chunks and length", kHead + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
      bad("sends a negative length", kHead + "Content-Length: -1\r\n\r\nok"),
      bad("sends a length too great", kHead + "Content-Length: 18446744073709551616\r\n\r\nok"),
      bad("sends a hexadecimal length", kHead + "Content-Length: 0x2\r\n\r\nok"),
      bad("sends an unknown transfer coding", kHead + "Transfer-Encoding: gzip\r\n\r\nok"),
      bad("sends a bad chunk size", kHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n"),
      bad("sends a negative chunk size", kHead + "Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n"),
      bad("sends a chunk too long", kHead + "Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n"),
      bad("sends a chunk size too great", kHead + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nok"),
      bad("sends NUL in a header", kHead + "X: a"s + '\0' + "b\r\nContent-Length: 0\r\n\r\n"),
      bad("sends NUL in a header name", kHead + "X"s + '\0' + ": b\r\nContent-Length: 0\r\n\r\n"),
      bad("sends bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
      bad("sends one bare LF", kHead + "X: y\nContent-Length: 0\r\n\r\n"),
      bad("sends bare CR", kHead + "X: y\rContent-Length: 0\r\n\r\n"),
      bad("folds a header", kHead + "X: y\r\n z\r\nContent-Length: 0\r\n\r\n"),
      bad("puts a space before the colon", kHead + "Content-Length : 0\r\n\r\n"),
      bad("sends a header without a colon", kHead + "X\r\nContent-Length: 0\r\n\r\n"),
      bad("sends a header without a name", kHead + ": y\r\nContent-Length: 0\r\n\r\n"),
      bad("echoes the request", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
      bad("sends zeros", std::string(1000, '\0')),
  };
}

std::vector<Behaviour> oddities() {
  std::vector<Behaviour> rows;
  rows.push_back(answers("answers before the request has come", 200, [](TestPeer& peer) {
    peer.send(kHead + "Content-Length: 2\r\n\r\nok");
    if (peer.read_request()) serve_fine(peer);  // that one is answered already
  }));
  rows.push_back(answers(
      "answers early and refuses the body", 413,
      [](TestPeer& peer) {
        (void)peer.read_some();
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
        peer.wait_for_close();
      },
      kLarge));
  rows.push_back(answers(
      "answers early and pretends to go on", 413,
      [](TestPeer& peer) {
        (void)peer.read_some();
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
        serve_fine(peer);
      },
      kLarge));
  rows.push_back(
      answers("sends an extra answer at once", 200,
              say(kHead + "Content-Length: 2\r\n\r\nokHTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n", Then::serve)));
  rows.push_back(
      answers("sends an extra answer after chunks", 200,
              say(kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n",
                  Then::serve)));
  rows.push_back(answers("sends an extra answer after none", 204,
                         say("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n", Then::serve)));
  rows.push_back(
      answers("sends half an extra answer", 200, say(kHead + "Content-Length: 2\r\n\r\nokHTTP/1.1 500 In", Then::serve)));
  rows.push_back(answers("sends a body with 204", 204, say("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello", Then::serve)));
  rows.push_back(answers("sends a body with 304", 304, say("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\nhello", Then::serve)));
  rows.push_back(answers("sends more than its length", 200, say(kHead + "Content-Length: 2\r\n\r\nokay", Then::serve)));
  rows.push_back(
      answers("sends many interim answers", 200, say(interim(100) + kHead + "Content-Length: 2\r\n\r\nok", Then::serve)));
  rows.push_back(fails("sends too many interim answers", SendFailure::protocol,
                       say(interim(101) + kHead + "Content-Length: 2\r\n\r\nok")));
  return rows;
}

std::vector<Behaviour> refusals_and_ends() {
  std::vector<Behaviour> rows;
  rows.push_back(
      answers("redirects to a private address", 302,
              say("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", Then::serve)));
  rows.push_back(
      answers("redirects to itself", 308, say("HTTP/1.1 308 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", Then::serve)));
  rows.push_back(answers("asks for another name", 401,
                         say("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", Then::serve)));
  rows.push_back(answers("ends the body by closing", 200, say(kHead + "\r\nuntil the end", Then::close)));
  rows.push_back(answers("speaks HTTP/1.0", 200, say("HTTP/1.0 200 OK\r\n\r\nold", Then::close)));
  rows.push_back(answers("promises to close and does not", 200,
                         say(kHead + "Connection: close\r\nContent-Length: 2\r\n\r\nok", Then::serve)));
  rows.push_back(answers("closes its side only", 200, [](TestPeer& peer) {
    if (!peer.read_request()) return;
    peer.send(kHead + "Content-Length: 2\r\n\r\nok");
    peer.shut_writing();
    peer.wait_for_close();
  }));
  rows.back().ends_late = true;
  rows.push_back(fails("closes at once", SendFailure::disconnected, [](TestPeer&) {}));
  rows.push_back(fails("closes after the request", SendFailure::disconnected, say("", Then::close)));
  rows.push_back(fails("resets at once", SendFailure::disconnected, [](TestPeer& peer) { peer.reset(); }));
  rows.push_back(fails("resets after the request", SendFailure::disconnected, say("", Then::reset)));
  return rows;
}

// The answer cut after each of its bytes, by a close and by a reset.
std::vector<Behaviour> cuts() {
  std::vector<Behaviour> rows;
  const std::string sized = kHead + "Content-Length: 2\r\n\r\nok";
  const std::string chunked = kHead + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
  for (const auto& whole : {sized, chunked}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const auto name = " after byte " + std::to_string(size) + " of " + std::to_string(whole.size());
      rows.push_back(fails("closes" + name, SendFailure::disconnected, say(whole.substr(0, size), Then::close)));
      if (size >= whole.find("\r\n\r\n") + 4) rows.back().status_of_failure = 200;
      rows.push_back(fails("resets" + name, SendFailure::disconnected, say(whole.substr(0, size), Then::reset)));
    }
  }
  return rows;
}

void check(const Behaviour& row) {
  SCOPED_TRACE(row.name);
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (peer.number() == 1) return row.script(peer);
    serve_fine(peer);
  });
  TestClient client;
  const auto start = std::chrono::steady_clock::now();
  const auto result = client.send({.url = endpoint.url(), .body = row.body, .time = row.time});
  const auto took = std::chrono::steady_clock::now() - start;
  if (row.failure) {
    ASSERT_TRUE(result.has_error()) << "status " << result->status;
    EXPECT_EQ(result.error().kind, *row.failure) << result.error().detail;
    EXPECT_FALSE(result.error().detail.empty());
    const auto& known = result.error().response;
    const bool cut = row.failure == SendFailure::timeout || row.failure == SendFailure::disconnected;
    // A reset may overtake what was sent before it.
    const bool certain = cut && !row.name.starts_with("resets");
    EXPECT_TRUE(!certain || (known ? known->status : 0) == row.status_of_failure) << "status " << row.status_of_failure;
    EXPECT_TRUE(!known || !known->body_complete);
  } else {
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(result->status, *row.status);
    EXPECT_LE(result->body.size(), kResponseBodyBytesKept);
  }
  if (row.failure == SendFailure::timeout) {
    EXPECT_GE(took, row.time);
  } else {
    EXPECT_LT(took, kGenerous);
  }
  // What the first exchange left behind must not reach the second.
  auto second = client.send({.url = endpoint.url()});
  if (row.ends_late && !second) {
    EXPECT_EQ(second.error().kind, SendFailure::disconnected);
    second = client.send({.url = endpoint.url()});
  }
  ASSERT_TRUE(second.has_value()) << second.error().detail;
  EXPECT_EQ(second->status, 207);
  EXPECT_EQ(second->body, "fine");
  EXPECT_EQ(client.idle_connections(), 1U);
}

void check_all(const std::vector<Behaviour>& rows, std::size_t at_least) {
  EXPECT_GE(rows.size(), at_least);
  for (const auto& row : rows) check(row);
}

TEST(HostileEndpoint, HangsAndDripsEndAtTheDeadline) { check_all(hangs(), 15); }
TEST(HostileEndpoint, FloodsAreCutOff) { check_all(floods(), 12); }
TEST(HostileEndpoint, MalformedAnswersAreProtocolFailures) { check_all(malformed(), 30); }
TEST(HostileEndpoint, OddAnswersAreReadAsTheyShouldBe) { check_all(oddities(), 12); }
TEST(HostileEndpoint, RefusalsAndOddEndsAreReadAsTheyShouldBe) { check_all(refusals_and_ends(), 11); }
TEST(HostileEndpoint, CutAnswersAreDisconnections) { check_all(cuts(), 100); }

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
std::size_t memory_kib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1));
  }
  return 0;
}

// The most that was resident at once, endpoints' threads included, while each of them floods us.
TEST(HostileEndpoint, FloodsMoveLittleMemory) {
  constexpr std::size_t kMovesMaxKib = 20 * 1024;
  for (const auto& row : floods()) {
    SCOPED_TRACE(row.name);
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
    const auto before = memory_kib("VmRSS");
    if (memory_kib("VmHWM") > before + kMovesMaxKib / 2) GTEST_SKIP() << "the kernel does not let the peak begin anew";
    check(row);
    const auto peak = memory_kib("VmHWM");
    ASSERT_GT(before, 0U);
    EXPECT_LT(peak, before + kMovesMaxKib);
  }
}
#endif

TEST(HostileEndpoint, ARefusedConnectionIsAFailureToConnect) {
  std::uint16_t port = 0;
  {
    const TestEndpoint gone([](TestPeer&) {});
    port = gone.port();
  }
  TestClient client;
  const auto result = client.send({.url = "http://127.0.0.1:" + std::to_string(port) + "/"});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::connect);
}

TEST(HostileEndpoint, ASynThatIsNotAnsweredTimesOut) {
  const DeafEndpoint deaf;
  const auto url = "http://127.0.0.1:" + std::to_string(deaf.port()) + "/";
  TestClient by_deadline;
  EXPECT_EQ(by_deadline.send({.url = url, .time = kShort}).error().kind, SendFailure::timeout);

  auto options = loopback_options();
  options.connect_timeout = kShort;
  TestClient by_connect_timeout(options);
  EXPECT_EQ(by_connect_timeout.send({.url = url}).error().kind, SendFailure::timeout);
}

TEST(HostileEndpoint, AHangingEndpointDoesNotHoldUpAnother) {
  TestEndpoint hanging([](TestPeer& peer) { peer.wait_for_close(); });
  TestEndpoint healthy(serve_fine);
  TestClient client;
  const auto slow_url = parse_url(hanging.url(), "url").value();
  run_on(client.loop(), [&]() -> Task<void> {
    Scope scope(client.loop());
    int running = 0;
    const auto hang = [](TestClient& owner, const Url& url, int& left) -> Task<void> {
      const TestRequest request;
      const auto result = co_await TestClient::send_on_loop(owner.client(), url, request);
      EXPECT_TRUE(result.has_error());
      --left;
    };
    const auto healthy_url = parse_url(healthy.url(), "url").value();
    for (int i = 0; i < 100; ++i) {
      ++running;
      scope.spawn(hang(client, slow_url, running));
    }
    const TestRequest request;
    for (int i = 0; i < 50; ++i) {
      const auto result = co_await TestClient::send_on_loop(client.client(), healthy_url, request);
      EXPECT_TRUE(result.has_value());
    }
    EXPECT_EQ(running, 100);
    client.client().close();
    while (running > 0) co_await sleep_until(client.loop(), std::chrono::steady_clock::now() + 1ms);
    co_await scope.join();
  });
}

}  // namespace
}  // namespace posthorn::net
