#include "net/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <latch>
#include <set>

#include "net/client_connection.h"
#include "net/client_for_tests.h"
#include "net/endpoint_for_tests.h"

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

void serve_ok(TestPeer& peer) {
  while (peer.read_request()) {
    if (!peer.send(kOk)) return;
  }
}

TEST(HttpClient, WritesTheRequestExactly) {
  std::string seen;
  TestEndpoint endpoint([&](TestPeer& peer) {
    seen = peer.read_request().value_or("");
    peer.send(kOk);
    peer.wait_for_close();
  });
  {
    TestClient client;
    const auto result = client.send(
        {.url = endpoint.url("/hook?x=1"), .header_lines = "webhook-id: msg_1\r\nX-Empty: \r\n", .body = "{\"a\":1}"});
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, "ok");
    EXPECT_TRUE(result->body_complete);
    EXPECT_EQ(result->header("content-length"), "2");
  }
  EXPECT_EQ(seen, "POST /hook?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(endpoint.port()) +
                      "\r\nContent-Length: 7\r\nwebhook-id: msg_1\r\nX-Empty: \r\n\r\n{\"a\":1}");
}

TEST(HttpClient, SaysTheLengthOfAnEmptyBodyOnlyWhereTheMethodHasOne) {
  for (const auto& [method, says] : {std::pair{"POST"s, true}, {"PUT"s, true}, {"GET"s, false}, {"HEAD"s, false}}) {
    std::string seen;
    TestEndpoint endpoint([&](TestPeer& peer) {
      seen = peer.read_request().value_or("");
      peer.send("HTTP/1.1 204 No Content\r\n\r\n");
      peer.wait_for_close();
    });
    {
      TestClient client;
      ASSERT_TRUE(client.send({.url = endpoint.url(), .method = method, .body = ""}).has_value());
    }
    EXPECT_EQ(seen.find("Content-Length: 0\r\n") != std::string::npos, says) << method;
  }
}

TEST(HttpClient, SendsBodiesOfEverySizeWhole) {
  for (const std::size_t size : {0UL, 1UL, 65535UL, 65536UL, 65537UL, 1UL << 20, 16UL << 20}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 % 251);
    std::string seen;
    TestEndpoint endpoint([&](TestPeer& peer) {
      while (auto request = peer.read_request()) {
        seen = std::move(*request);
        peer.send(kOk);
      }
    });
    TestClient client;
    for (int round = 0; round < 2; ++round) {
      const auto result = client.send({.url = endpoint.url(), .header_lines = "", .body = body});
      ASSERT_TRUE(result.has_value()) << result.error().detail;
      EXPECT_TRUE(seen.ends_with("\r\n\r\n" + body)) << size;
    }
    EXPECT_EQ(endpoint.connections(), 1) << size;
  }
}

TEST(HttpClient, ReusesAConnectionForOneExchangeAfterAnother) {
  TestEndpoint endpoint(serve_ok);
  TestClient client;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  EXPECT_EQ(endpoint.connections(), 1);
  EXPECT_EQ(client.idle_connections(), 1U);
}

TEST(HttpClient, KeepsOriginsApart) {
  TestEndpoint one(serve_ok);
  TestEndpoint two(serve_ok);
  TestClient client;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send({.url = one.url()}).has_value());
    ASSERT_TRUE(client.send({.url = two.url()}).has_value());
  }
  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
  EXPECT_EQ(client.idle_connections(), 2U);
}

// Sends `count` requests at the same time.
void send_together(TestClient& client, const Url& url, int count) {
  run_on(client.loop(), [&]() -> Task<void> {
    Scope scope(client.loop());
    int running = count;
    const auto send_one = [](TestClient& owner, const Url& target, int& left) -> Task<void> {
      const TestRequest request;
      const auto result = co_await TestClient::send_on_loop(owner.client(), target, request);
      EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().detail);
      --left;
    };
    for (int i = 0; i < count; ++i) scope.spawn(send_one(client, url, running));
    while (running > 0) co_await sleep_until(client.loop(), std::chrono::steady_clock::now() + 1ms);
    co_await scope.join();
  });
}

TEST(HttpClient, OpensAConnectionForEachExchangeThatRunsAndKeepsAtMostSoMany) {
  std::latch all(10);
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (!peer.read_request()) return;
    all.arrive_and_wait();  // nobody is answered before all ten are here
    peer.send(kOk);
    serve_ok(peer);
  });
  auto options = loopback_options();
  options.pooled_per_origin_max = 4;
  TestClient client(options);
  send_together(client, parse_url(endpoint.url(), "url").value(), 10);
  EXPECT_EQ(endpoint.connections(), 10);
  EXPECT_EQ(client.idle_connections(), 4U);
}

TEST(HttpClient, UsesTheConnectionThatWasUsedLast) {
  std::latch both(2);
  std::mutex mutex;
  std::vector<int> order;
  TestEndpoint endpoint([&](TestPeer& peer) {
    for (int round = 0; peer.read_request(); ++round) {
      {
        const std::lock_guard lock(mutex);
        if (round > 0) order.push_back(peer.number());
      }
      if (round == 0) both.arrive_and_wait();
      if (!peer.send(kOk)) return;
    }
  });
  TestClient client;
  send_together(client, parse_url(endpoint.url(), "url").value(), 2);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  const std::lock_guard lock(mutex);
  ASSERT_EQ(order.size(), 5U);
  EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 1U);
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST(HttpClient, ClosesConnectionsThatIdleTooLong) {
  std::latch closed(1);
  TestEndpoint endpoint([&](TestPeer& peer) {
    serve_ok(peer);
    if (peer.number() == 1) closed.count_down();
  });
  auto options = loopback_options();
  options.idle_time = 50ms;
  TestClient client(options);
  ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  closed.wait();  // by itself, without another request
  EXPECT_EQ(client.idle_connections(), 0U);
  ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST(HttpClient, DropsAnIdleConnectionThatTheEndpointClosed) {
  std::latch closing(1);
  std::latch gone(1);
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (peer.number() > 1) return serve_ok(peer);
    if (!peer.read_request()) return;
    peer.send(kOk);
    closing.wait();
    peer.shut_writing();
    gone.count_down();
    peer.wait_for_close();
  });
  TestClient client;
  ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  closing.count_down();
  gone.wait();
  const auto result = client.send({.url = endpoint.url()});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST(HttpClient, DropsAnIdleConnectionThatSentSomethingUnasked) {
  std::latch sent(1);
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (peer.number() > 1) return serve_ok(peer);
    if (!peer.read_request()) return;
    peer.send(kOk);
    if (peer.closes_within(50ms)) return;  // the answer has been taken by now, and the connection idles
    peer.send("HTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n");
    sent.count_down();
    peer.wait_for_close();
  });
  TestClient client;
  ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  sent.wait();
  const auto result = client.send({.url = endpoint.url()});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(endpoint.connections(), 2);
}

// It may have acted on it: only the record of a failed attempt may be followed by another.
TEST(HttpClient, DoesNotTryAgainWhenAReusedConnectionTookTheWholeRequest) {
  for (const bool with_reset : {false, true}) {
    std::atomic<int> seen{0};
    TestEndpoint endpoint([&](TestPeer& peer) {
      if (!peer.read_request()) return;
      ++seen;
      peer.send(kOk);
      if (!peer.read_request()) return;
      ++seen;
      if (with_reset) peer.reset();
    });
    TestClient client;
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
      const auto result = client.send({.url = endpoint.url()});
      ASSERT_TRUE(result.has_error());
      EXPECT_EQ(result.error().kind, SendFailure::disconnected);
      EXPECT_EQ(seen, 2 * (i + 1));
      EXPECT_EQ(endpoint.connections(), i + 1);
    }
  }
}

TEST(HttpClient, TriesAgainOnceWhenAReusedConnectionDiedAmidARequest) {
  const std::string large(8 << 20, 'b');  // more than the sockets' buffers hold
  std::atomic<int> whole{0};
  for (const int healthy_from : {2, 3}) {
    whole = 0;
    TestEndpoint endpoint([&](TestPeer& peer) {
      if (peer.number() == 1) {
        if (!peer.read_request()) return;
        peer.send(kOk);
        (void)peer.read_some();
        return peer.reset();
      }
      if (peer.number() < healthy_from) {
        (void)peer.read_some();
        return peer.reset();
      }
      if (!peer.read_request()) return;
      ++whole;
      peer.send(kOk);
    });
    TestClient client;
    ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
    const auto result = client.send({.url = endpoint.url(), .body = large});
    EXPECT_EQ(result.has_value(), healthy_from == 2);
    EXPECT_EQ(whole, healthy_from == 2 ? 1 : 0);
    EXPECT_EQ(endpoint.connections(), 2) << "one that is fresh is not followed by a third";
  }
}

TEST(HttpClient, AConnectionThatWasClosedWhileItIdledIsNotUsed) {
  std::latch closed(1);
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (peer.number() > 1) return serve_ok(peer);
    if (!peer.read_request()) return;
    peer.send(kOk);
    if (peer.closes_within(50ms)) return;  // the answer has been taken by now, and the connection idles
    peer.shut_writing();
    closed.count_down();
    peer.wait_for_close();
  });
  TestClient client;
  ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  closed.wait();
  const auto result = client.send({.url = endpoint.url()});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST(ClientConnection, KnowsWhetherThePeerHasTheLastByte) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), size), 0);
  const int peer = ::accept(listener, nullptr, nullptr);
  const std::string bytes(64 * 1024, 'b');
  ASSERT_EQ(::send(client, "x", 1, 0), 1);
  char taken[64 * 1024];
  ASSERT_EQ(::recv(peer, taken, sizeof taken, 0), 1);
  EXPECT_FALSE(last_byte_is_on_its_way(client));
  while (::send(client, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) continue;  // until the peer takes no more
  EXPECT_TRUE(last_byte_is_on_its_way(client));
  ::shutdown(client, SHUT_WR);
  while (::recv(peer, taken, sizeof taken, 0) > 0) continue;
  for (const int fd : {client, peer, listener}) ::close(fd);
}

TEST(HttpClient, DoesNotTryAgainOnceAByteOfTheAnswerCame) {
  std::atomic<int> seen{0};
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (!peer.read_request()) return;
    ++seen;
    peer.send(kOk);
    if (!peer.read_request()) return;
    ++seen;
    peer.send("H");
  });
  TestClient client;
  ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  const auto result = client.send({.url = endpoint.url()});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::disconnected);
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(endpoint.connections(), 1);
}

TEST(HttpClient, DoesNotTryAgainOnAFreshConnection) {
  TestEndpoint endpoint([&](TestPeer& peer) { (void)peer.read_request(); });
  TestClient client;
  const auto result = client.send({.url = endpoint.url()});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::disconnected);
  EXPECT_EQ(endpoint.connections(), 1);
}

TEST(HttpClient, DoesNotTryAgainAfterATimeout) {
  std::atomic<int> seen{0};
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (!peer.read_request()) return;
    ++seen;
    peer.send(kOk);
    if (!peer.read_request()) return;
    ++seen;
    peer.wait_for_close();
  });
  TestClient client;
  ASSERT_TRUE(client.send({.url = endpoint.url()}).has_value());
  const auto result = client.send({.url = endpoint.url(), .time = 100ms});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::timeout);
  EXPECT_EQ(seen, 2);
}

TEST(HttpClient, CloseEndsWhatRunsAndRefusesWhatComes) {
  std::latch arrived(1);
  TestEndpoint endpoint([&](TestPeer& peer) {
    (void)peer.read_request();
    arrived.count_down();
    peer.wait_for_close();
  });
  TestClient client;
  const auto url = parse_url(endpoint.url(), "url").value();
  std::thread closer([&] {
    arrived.wait();
    client.loop().post([&] { client.client().close(); });
  });
  const auto result = client.send({.url = endpoint.url()});
  closer.join();
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::disconnected);
  EXPECT_EQ(client.send({.url = endpoint.url()}).error().kind, SendFailure::disconnected);
  EXPECT_EQ(endpoint.connections(), 1);
}

TEST(HttpClient, CloseEndsAnOpeningConnection) {
  const DeafEndpoint deaf;
  TestClient client;
  client.loop().post([&] {
    // After the request that is sent below has begun: both run on the loop.
    client.loop().post([&] { client.client().close(); });
  });
  const auto result = client.send({.url = "http://127.0.0.1:" + std::to_string(deaf.port()) + "/"});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::disconnected);
}

TEST(HttpClient, EndsAWaitByItsDeadline) {
  TestEndpoint endpoint([](TestPeer& peer) {
    (void)peer.read_request();
    peer.wait_for_close();
  });
  TestClient client;
  const auto start = std::chrono::steady_clock::now();
  const auto result = client.send({.url = endpoint.url(), .time = 100ms});
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::timeout);
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 40s);  // a busy machine may be late
}

TEST(HttpClient, DeadlinesOfManyExchangesAreEachKept) {
  TestEndpoint endpoint([](TestPeer& peer) {
    (void)peer.read_request();
    peer.wait_for_close();
  });
  TestClient client;
  const auto url = parse_url(endpoint.url(), "url").value();
  run_on(client.loop(), [&]() -> Task<void> {
    Scope scope(client.loop());
    int running = 0;
    const auto send_one = [](TestClient& owner, const Url& target, std::chrono::milliseconds time, int& left) -> Task<void> {
      const auto start = std::chrono::steady_clock::now();
      TestRequest request;
      request.time = time;
      const auto result = co_await TestClient::send_on_loop(owner.client(), target, request);
      EXPECT_EQ(result.error().kind, SendFailure::timeout);
      EXPECT_GE(std::chrono::steady_clock::now() - start, time - 1ms);
      --left;
    };
    for (int i = 0; i < 40; ++i) {
      ++running;
      scope.spawn(send_one(client, url, std::chrono::milliseconds(300 - 7 * i), running));
    }
    while (running > 0) co_await sleep_until(client.loop(), std::chrono::steady_clock::now() + 1ms);
    co_await scope.join();
  });
}

}  // namespace
}  // namespace posthorn::net
