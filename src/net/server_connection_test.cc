// ServerConnection over a scripted transport: what it makes of a conversation must not depend on how the bytes are cut.
#include "net/server_connection.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "net/http_corpus_for_tests.h"
#include "net/http_server_for_tests.h"

namespace posthorn::net {
namespace {

// Gives its input piece by piece, then says that the client has ended; keeps what is written.
class ScriptedTransport final : public Transport {
 public:
  struct Watch {
    int reads = 0;
    std::function<void()> on_write;
  };

  ScriptedTransport(Loop& loop, std::deque<std::string> pieces, std::string& output, Watch* watch = nullptr)
      : socket_(loop.context()), pieces_(std::move(pieces)), output_(output), watch_(watch) {}

  Task<bool> handshake() override { co_return true; }
  Task<std::size_t> read_some(char* data, std::size_t size) override {
    if (watch_ != nullptr) ++watch_->reads;
    if (pieces_.empty()) co_return 0;
    auto& piece = pieces_.front();
    const auto count = std::min(size, piece.size());
    std::copy_n(piece.begin(), count, data);
    piece.erase(0, count);
    if (piece.empty()) pieces_.pop_front();
    co_return count;
  }
  // Takes a little at once, so that both ways of writing are walked.
  std::size_t write_now(std::string_view first, std::string_view) override {
    const auto taken = first.substr(0, 40);
    output_.append(taken);
    return taken.size();
  }
  Task<bool> write(std::string_view first, std::string_view second) override {
    output_.append(first).append(second);
    if (watch_ != nullptr) watch_->on_write();
    co_return true;
  }
  Task<void> end_output() override { co_return; }
  Task<std::size_t> discard_some(char* data, std::size_t size) override { return read_some(data, size); }
  boost::asio::ip::tcp::socket& socket() override { return socket_; }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::deque<std::string> pieces_;
  std::string& output_;
  Watch* watch_;
};

struct Conversation {
  Conversation() { loop.start(); }
  ~Conversation() { loop.stop(); }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // All that the server writes. The date does not move.
  std::string hold(std::deque<std::string> pieces) {
    std::string output;
    ServerShared shared{service, clock, limits};
    run_on(loop, [&]() -> Task<void> {
      ServerConnection connection(shared, std::make_unique<ScriptedTransport>(loop, std::move(pieces), output), "peer");
      co_await connection.run();
    });
    return output;
  }

  ManualClock clock;
  Loop loop{"test"};
  EchoService service;
  HttpServerLimits limits;
};

std::deque<std::string> cut(const std::string& bytes, std::size_t piece) {
  std::deque<std::string> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += piece) pieces.push_back(bytes.substr(at, piece));
  return pieces;
}

// The statuses of all answers.
std::vector<int> statuses(std::string output, bool to_head) {
  std::vector<int> found;
  while (auto answer = take_answer(output, to_head)) found.push_back(answer->status);
  EXPECT_EQ(output, "");
  return found;
}

TEST(ServerConnection, UnderstandsTheSameHoweverAConversationIsCut) {
  Conversation conversation;
  for (const std::string request :
       {"GET /a?b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Full:  a b \r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nhello\r\n\r\nend",
        "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;e=f\r\nhello\r\n3\r\n\r\n!\r\n0\r\nX-T: u\r\n\r\n",
        "\r\nHEAD http://h/abs HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}) {
    SCOPED_TRACE(request);
    const auto twice = request + request;
    const auto whole = conversation.hold({twice});
    ASSERT_NE(whole.find("HTTP/1.1 200 OK"), whole.rfind("HTTP/1.1 200 OK"));
    for (std::size_t at = 1; at < twice.size(); ++at) {
      ASSERT_EQ(conversation.hold({twice.substr(0, at), twice.substr(at)}), whole) << "cut at " << at;
    }
    for (std::size_t piece = 1; piece < 8; ++piece) ASSERT_EQ(conversation.hold(cut(twice, piece)), whole) << piece;
  }
}

TEST(ServerConnection, JudgesTheCorpusTheSameByteByByte) {
  Conversation conversation;
  for (const auto& example : http_corpus()) {
    SCOPED_TRACE(example.name);
    auto expected = example.statuses;
    const bool invited = example.name.find("expectation") != std::string::npos && expected.back() == 200 &&
                         example.bytes.ends_with("hello") && example.bytes.find("HTTP/1.0") == std::string::npos;
    if (invited) expected.insert(expected.begin(), 100);  // the body did not come with the head
    const bool to_head = example.bytes.starts_with("HEAD");
    EXPECT_EQ(statuses(conversation.hold(cut(example.bytes, 1)), to_head), expected);
    EXPECT_EQ(statuses(conversation.hold(cut(example.bytes, 4096)), to_head), example.statuses);
  }
}

TEST(ServerConnection, GrowsAndShrinksItsBufferWithoutLosingBytes) {
  Conversation conversation;
  std::string bytes;
  for (const std::size_t size : {90'000UL, 1UL, 99'999UL, 8'000UL, 16'385UL}) {
    bytes += "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'b');
  }
  const auto whole = conversation.hold({bytes});
  for (const std::size_t piece : {100UL, 1'000UL, 7'777UL, 65'536UL}) EXPECT_EQ(conversation.hold(cut(bytes, piece)), whole);
  EXPECT_NE(whole.find("[99999]"), std::string::npos);
  EXPECT_NE(whole.find("[16385]"), std::string::npos);
}

TEST(ServerConnection, GivesAFaultyServicesExceptionTheStatus500AndGoesOn) {
  Conversation conversation;
  const auto output =
      conversation.hold({"GET /throw HTTP/1.1\r\nHost: x\r\n\r\n", "GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"});
  EXPECT_EQ(statuses(output, false), (std::vector<int>{500, 200}));
  EXPECT_EQ(output.find("thrown by the test"), std::string::npos);
}

TEST(ServerConnection, WaitsForNoOtherRequestWhenTheServerBeganToStopWhileItWrote) {
  Conversation conversation;
  ServerShared shared{conversation.service, conversation.clock, conversation.limits};
  std::string output;
  ScriptedTransport::Watch watch;
  watch.on_write = [&shared] { shared.draining = true; };
  run_on(conversation.loop, [&]() -> Task<void> {
    std::deque<std::string> pieces{"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"};
    auto transport = std::make_unique<ScriptedTransport>(conversation.loop, std::move(pieces), output, &watch);
    ServerConnection connection(shared, std::move(transport), "peer");
    co_await connection.run();
  });
  EXPECT_EQ(statuses(output, false), (std::vector<int>{200}));
  EXPECT_EQ(watch.reads, 1);
}

TEST(BodyTimeAllowed, GrowsWithWhatHasComeAndIsBounded) {
  HttpServerLimits limits;
  limits.body_time = std::chrono::seconds(60);
  limits.body_grace_time = std::chrono::seconds(5);
  limits.body_bytes_per_second_min = 1024;
  const struct {
    std::size_t bytes;
    Milliseconds expected;
  } rows[] = {
      {0, Milliseconds(5000)},          {1, Milliseconds(5000)},           {1024, Milliseconds(6000)},
      {10 * 1024, Milliseconds(15000)}, {55 * 1024, Milliseconds(60'000)}, {16 * 1024 * 1024, Milliseconds(60'000)},
  };
  for (const auto& row : rows) EXPECT_EQ(body_time_allowed(limits, row.bytes), row.expected) << row.bytes;
}

}  // namespace
}  // namespace posthorn::net
