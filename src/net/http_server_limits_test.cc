// What the HTTP server bears: time, connections, descriptors; and how it stops.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <optional>

#include "net/descriptors_for_tests.h"
#include "net/http_server_for_tests.h"

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

HttpServerOptions hasty(void (*change)(HttpServerLimits&)) {
  HttpServerOptions options;
  options.limits.sweep_interval = 5ms;
  change(options.limits);
  return options;
}

// Holds every request until the test lets it go.
class HoldingService final : public EchoService {
 public:
  explicit HoldingService(Loop& loop) : loop_(loop) {}
  Task<HttpResponse> handle(const HttpRequest& request) override {
    if (request.path == "/sleep") {
      ++held;
      co_await sleep_until(loop_, SteadyTime::max());
    }
    if (request.path == "/hold") co_await until<int>([this](auto done) { hold(std::move(done)); });
    co_return co_await EchoService::handle(request);
  }
  void let_go() {
    loop_.post([this] { done_(0); });
  }
  std::atomic<int> held{0};

 private:
  void hold(UniqueFunction<void(int)> done) {
    done_ = std::move(done);
    ++held;
  }
  Loop& loop_;
  UniqueFunction<void(int)> done_;
};

TEST(HttpServerTime, CutsAHeadThatDribbles) {
  RunningServer running(hasty([](auto& limits) { limits.head_time = 30ms; }));
  RawClient client(running.port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  EXPECT_EQ(client.answer().status, 408);
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(client.bytes(), "");
}

TEST(HttpServerTime, CutsAHeadHoweverOftenAByteComes) {
  RunningServer running(hasty([](auto& limits) { limits.head_time = 50ms; }));
  RawClient client(running.port());
  std::string head = "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ";
  client.send(head);
  pollfd readable{client.fd(), POLLIN, 0};
  while (::poll(&readable, 1, 5) == 0) client.send("a");
  EXPECT_EQ(client.answer().status, 408);
}

TEST(HttpServerTime, CutsABodyThatDribbles) {
  RunningServer running(hasty([](auto& limits) { limits.body_grace_time = 30ms; }));
  for (const char* framing : {"Content-Length: 5000", "Transfer-Encoding: chunked"}) {
    SCOPED_TRACE(framing);
    RawClient client(running.port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(framing) + "\r\n\r\n5");
    EXPECT_EQ(client.answer().status, 408);
    EXPECT_TRUE(client.closed_by_server());
  }
}

TEST(HttpServerTime, BoundsABodysWholeTimeEvenAtAGoodRate) {
  RunningServer running(hasty([](auto& limits) { limits.body_time = 50ms; }));
  RawClient client(running.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + std::string(90'000, 'b'));
  EXPECT_EQ(client.answer().status, 408);
}

TEST(HttpServerTime, CutsAClientThatDoesNotReadItsAnswer) {
  RunningServer running(hasty([](auto& limits) { limits.write_time = 50ms; }));
  RawClient client;
  const int small = 4096;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  client.connect(running.port());
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return running.service.handled == 1; }));
  EXPECT_TRUE(eventually([&] { return running.server.connections() == 0; }));
  client.closed_by_server();
  EXPECT_FALSE(take_answer(client.bytes()));
}

TEST(HttpServerTime, LingersNoLongerThanItsTime) {
  RunningServer running(hasty([](auto& limits) { limits.linger_time = 30ms; }));
  RawClient client(running.port());
  client.send("nonsense\r\n\r\n");
  EXPECT_EQ(client.answer().status, 400);
  EXPECT_TRUE(eventually([&] { return running.server.connections() == 0; }));  // although the client never closed
}

// Its times pass only when the test moves the clock.
struct HttpServerClock : testing::Test {
  HttpServerClock() {
    loop.start();
    EXPECT_TRUE(server.start());
  }
  ~HttpServerClock() override {
    server.stop(0ms);
    loop.stop();
  }
  ManualClock clock;
  Loop loop{"test"};
  HoldingService service{loop};
  HttpServer server{loop, service, clock, hasty([](auto&) {})};
};

TEST_F(HttpServerClock, ClosesAnIdleConnectionWithoutAWord) {
  RawClient silent(server.port());
  RawClient served(server.port());
  served.send(kGet);
  EXPECT_EQ(served.answer().status, 200);
  const ClockMover mover(loop, clock, 10s);
  for (auto* client : {&silent, &served}) {
    EXPECT_TRUE(client->closed_by_server());
    EXPECT_EQ(client->bytes(), "");
  }
  EXPECT_TRUE(eventually([&] { return server.connections() == 0; }));
}

TEST_F(HttpServerClock, ARequestThatIsHandledIsNotCutByTheTimesForReading) {
  RawClient client(server.port());
  client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return service.held == 1; }));
  {
    RawClient control(server.port());
    const ClockMover mover(loop, clock, 1h);
    EXPECT_TRUE(control.closed_by_server());
  }
  service.let_go();
  EXPECT_EQ(client.answer().status, 200);
}

// --- connections ---------------------------------------------------------------------------------------------------

HttpServerOptions with_room_for(std::size_t connections) {
  HttpServerOptions options;
  options.limits.connections_max = connections;
  return options;
}

// A request in progress, for as long as head_time.
const std::string kBegun = "GET /a HTTP/1.1\r\nHost:";

TEST(HttpServerConnections, ClosesTheOneThatIsIdleForLongestWhenItIsFull) {
  RunningServer running(with_room_for(3));
  RawClient busy(running.port());
  busy.send(kGet);
  ASSERT_EQ(busy.answer().status, 200);
  busy.send(kBegun);
  RawClient oldest(running.port());
  oldest.send(kGet);
  ASSERT_EQ(oldest.answer().status, 200);
  RawClient younger(running.port());
  younger.send(kGet);
  ASSERT_EQ(younger.answer().status, 200);
  RawClient fresh(running.port());
  fresh.send(kGet);
  EXPECT_EQ(fresh.answer().status, 200);
  EXPECT_TRUE(oldest.closed_by_server());
  for (auto* client : {&busy, &younger}) {
    client->send(client == &busy ? " x\r\n\r\n" : kGet);
    EXPECT_EQ(client->answer().status, 200);
  }
}

TEST(HttpServerConnections, WaitsWithAcceptingWhileAllAreBusy) {
  RunningServer running(with_room_for(2));
  RawClient first(running.port());
  RawClient second(running.port());
  for (auto* client : {&first, &second}) {
    client->send(kGet + kBegun);
    ASSERT_EQ(client->answer().status, 200);
  }
  RawClient third(running.port());
  third.send(kGet);
  first.send(" x\r\n\r\n" + kBegun);  // a round trip, in which the third could have been accepted
  ASSERT_EQ(first.answer().status, 200);
  EXPECT_EQ(running.service.handled, 3);
  EXPECT_EQ(running.server.connections(), 2U);
  second.close();
  EXPECT_EQ(third.answer().status, 200);
}

TEST(HttpServerConnections, OnePeerCannotHaveAllOfTheRoom) {
  constexpr std::size_t kRoom = 16;
  RunningServer running(with_room_for(kRoom));
  std::vector<std::unique_ptr<RawClient>> greedy;
  for (std::size_t i = 0; i < kRoom - kRoom / kConnectionsNearlyFullPart; ++i) {
    greedy.push_back(std::make_unique<RawClient>(running.port()));
    greedy.back()->send(kGet + kBegun);
    ASSERT_EQ(greedy.back()->answer().status, 200);
  }
  RawClient refused(running.port());
  EXPECT_TRUE(refused.closed_by_server());
  RawClient other(running.port(), 2);
  other.send(kGet);
  EXPECT_EQ(other.answer().status, 200);
  // One of its own that is idle makes room for its next.
  greedy.front()->send(" x\r\n\r\n");
  EXPECT_EQ(greedy.front()->answer().status, 200);
  RawClient next(running.port());
  next.send(kGet);
  EXPECT_EQ(next.answer().status, 200);
  EXPECT_TRUE(greedy.front()->closed_by_server());
}

TEST(HttpServerConnections, ASharesLimitBitesOnlyWhenTheServerIsNearlyFull) {
  struct Case {
    std::size_t all;
    std::size_t of_peer;
    bool full;
  };
  HttpServerLimits limits;
  limits.connections_max = 10'000;
  for (const auto& [all, of_peer, full] :
       {Case{0, 0, false}, {8749, 8749, false}, {8750, 8750, true}, {8750, 2500, true}, {9999, 2499, false}}) {
    EXPECT_EQ(has_its_share(limits, all, of_peer), full) << all << ' ' << of_peer;
  }
}

TEST(HttpServerConnections, LeavesDescriptorsForWhatGoesOut) {
  EXPECT_EQ(connections_within(1024, 1), 512U);
  EXPECT_EQ(connections_within(12'096, 1), 8000U);
  EXPECT_EQ(connections_within(12'096, 2), 4000U);
  EXPECT_EQ(connections_within(1'000'000, 2), kConnectionsMax);
  EXPECT_EQ(connections_within(0, 1), 1U);
}

TEST(HttpServerConnections, AnIpv6PeerIsItsWholeNetwork) {
  EXPECT_EQ(peer_of("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(peer_of("::ffff:203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(peer_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}

// --- memory --------------------------------------------------------------------------------------------------------

std::string post(std::size_t size) {
  return "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

TEST(HttpServerMemory, AnIdleConnectionKeepsLittleOfALargeRequest) {
  RunningServer running;
  RawClient client(running.port());
  client.send(post(90'000) + std::string(60'000, 'a'));
  EXPECT_TRUE(eventually([&] { return running.server.buffered_bytes() >= 50'000; }));
  client.send(std::string(30'000, 'a'));
  EXPECT_EQ(client.answer().status, 200);
  EXPECT_TRUE(eventually([&] { return running.server.buffered_bytes() == 0; }));
  client.send(kGet);
  EXPECT_EQ(client.answer().status, 200);
}

TEST(HttpServerMemory, RefusesBodiesBeyondTheBudgetOfAll) {
  auto options = patient_options();
  options.limits.buffered_bytes_max = 400'000;  // half of it for one peer
  RunningServer running(options);
  RawClient first(running.port());
  first.send(post(90'000) + std::string(60'000, 'a'));
  EXPECT_TRUE(eventually([&] { return running.server.buffered_bytes() >= 50'000; }));
  RawClient second(running.port());
  second.send(post(60'000) + std::string(50'000, 'a'));
  EXPECT_TRUE(eventually([&] { return running.server.buffered_bytes() >= 150'000; }));
  RawClient third(running.port());
  third.send(post(60'000) + std::string(60'000, 'a'));
  EXPECT_EQ(third.answer().status, 503);
  EXPECT_TRUE(third.closed_by_server());
  RawClient small(running.port());
  small.send(post(1000) + std::string(1000, 'a'));
  EXPECT_EQ(small.answer().status, 200);
  RawClient other(running.port(), 2);
  other.send(post(60'000) + std::string(60'000, 'a'));
  EXPECT_EQ(other.answer().status, 200);
  first.close();
  second.close();
  EXPECT_TRUE(eventually([&] { return running.server.buffered_bytes() == 0; }));
  small.send(post(60'000) + std::string(60'000, 'a'));
  EXPECT_EQ(small.answer().status, 200);
}

TEST(HttpServerMemory, OnePeerHasAQuarterOnceHalfIsTaken) {
  struct Case {
    std::size_t all;
    std::size_t of_peer;
    bool may;
  };
  HttpServerLimits limits;
  limits.buffered_bytes_max = 1000;
  for (const auto& [all, of_peer, may] :
       {Case{500, 500, true}, {501, 501, false}, {501, 250, true}, {1000, 250, true}, {1000, 251, false}, {1001, 1, false}}) {
    EXPECT_EQ(may_hold(limits, all, of_peer), may) << all << ' ' << of_peer;
  }
}

// --- descriptors ---------------------------------------------------------------------------------------------------

TEST(HttpServerConnections, OutlivesAnEndOfDescriptors) {
  RunningServer running;
  RawClient client;                                                         // its descriptor is made before there are none
  std::optional<ShortageOfDescriptors> shortage(std::in_place, rlim_t{1});  // poll() needs one
  client.connect(running.port());
  client.send(kGet);
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  pollfd readable{client.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 300), 0);
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(running.service.handled, 0);
  EXPECT_LT(after.ru_nvcsw - before.ru_nvcsw, 100) << "accepting was tried again and again";
  shortage.reset();
  EXPECT_EQ(client.answer().status, 200);
}

TEST(HttpServerConnections, ForgetsConnectionsThatEnd) {
  RunningServer running;
  for (int i = 0; i < 50; ++i) {
    RawClient client(running.port());
    client.send(kGet);
    ASSERT_EQ(client.answer().status, 200);
  }
  EXPECT_TRUE(eventually([&] { return running.server.connections() == 0; }));
}

// --- stopping ------------------------------------------------------------------------------------------------------

struct Stopping : testing::Test {
  Stopping() {
    loop.start();
    EXPECT_TRUE(server.start());
  }
  ~Stopping() override {
    server.stop(0ms);
    loop.stop();
  }
  SystemClock clock;
  Loop loop{"test"};
  HoldingService service{loop};
  HttpServer server{loop, service, clock, {}};

  // A served connection. When the server closes it, it has begun to stop and does not listen any more.
  std::unique_ptr<RawClient> idle_client() {
    auto client = std::make_unique<RawClient>(server.port());
    client->send(kGet);
    EXPECT_EQ(client->answer().status, 200);
    return client;
  }
};

TEST_F(Stopping, ClosesIdleConnectionsAtOnce) {
  const auto idle = idle_client();
  auto stopped = std::async(std::launch::async, [this] { server.stop(10min); });
  EXPECT_EQ(stopped.wait_for(60s), std::future_status::ready);
  EXPECT_TRUE(idle->closed_by_server());
  EXPECT_EQ(idle->bytes(), "");
}

TEST_F(Stopping, FinishesTheRequestThatRuns) {
  const auto idle = idle_client();
  RawClient client(server.port());
  client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return service.held == 1; }));
  auto stopped = std::async(std::launch::async, [this] { server.stop(10min); });
  ASSERT_TRUE(idle->closed_by_server());
  EXPECT_EQ(stopped.wait_for(0ms), std::future_status::timeout);
  service.let_go();
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
  client.close();
  EXPECT_EQ(stopped.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(Stopping, LetsARequestThatHasBegunToArriveComeToItsEnd) {
  const auto idle = idle_client();
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  ASSERT_EQ(client.answer().status, 100);
  auto stopped = std::async(std::launch::async, [this] { server.stop(10min); });
  ASSERT_TRUE(idle->closed_by_server());
  client.send("hello");
  const auto answer = client.answer();
  EXPECT_EQ(answer.body, "POST /a  hello [5]");
  EXPECT_EQ(answer.header("Connection"), "close");
  client.close();
  EXPECT_EQ(stopped.wait_for(60s), std::future_status::ready);
}

TEST_F(Stopping, BeginsToStopWithoutWaitingForWhatRuns) {
  const auto idle = idle_client();
  RawClient client(server.port());
  client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return service.held == 1; }));
  server.begin_stop();
  EXPECT_TRUE(idle->closed_by_server());
  service.let_go();
  const auto answer = client.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Connection"), "close");
  client.close();
  server.stop(10min);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(Stopping, CutsWhatRunsWhenTheGraceIsOver) {
  RawClient client(server.port());
  client.send("GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return service.held == 1; }));
  server.stop(20ms);
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(client.bytes(), "");
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(Stopping, AcceptsNothingNewWhileItDrains) {
  const auto idle = idle_client();
  RawClient client(server.port());
  client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return service.held == 1; }));
  auto stopped = std::async(std::launch::async, [this] { server.stop(10min); });
  ASSERT_TRUE(idle->closed_by_server());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int late = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_NE(::connect(late, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(late);
  service.let_go();
  EXPECT_EQ(client.answer().status, 200);
  client.close();
  stopped.wait();
}

}  // namespace
}  // namespace posthorn::net
