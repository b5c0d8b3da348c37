// Requests to real sockets: what an endpoint and a token server get to see, and what the attempt makes of their answers.
#include "outbound/endpoint_client.h"

#include <gtest/gtest.h>

#include <mutex>
#include <optional>

#include "net/certificates_for_tests.h"
#include "net/client_for_tests.h"
#include "net/descriptors_for_tests.h"
#include "net/endpoint_for_tests.h"
#include "outbound/transport.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;
using net::TestEndpoint;
using net::TestPeer;

std::string answer_text(int status, std::string_view body = "", std::string_view headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

// Records every request and answers as the test says.
class Recorder {
 public:
  using React = std::function<std::string(const std::string& request)>;
  explicit Recorder(React react)
      : react_(std::move(react)), endpoint_([this](TestPeer& peer) {
          while (const auto request = peer.read_request()) {
            std::string answer;
            {
              const std::lock_guard lock(mutex_);
              requests_.push_back(*request);
              answer = react_(*request);
            }
            if (answer.empty()) return peer.wait_for_close();
            if (!peer.send(answer)) return;
          }
        }) {}

  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::string url(std::string_view path = "/") const { return endpoint_.url(path); }

 private:
  React react_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  TestEndpoint endpoint_;
};

class EndpointClientTest : public testing::Test {
 protected:
  explicit EndpointClientTest(net::HttpClientOptions options = net::loopback_options()) {
    loop_.start();
    net::run_on(loop_, [&]() -> net::Task<> {
      http_.emplace(loop_, clock_, std::move(options));
      client_.emplace(loop_, *http_, clock_, "hooks.example");
      co_return;
    });
  }
  ~EndpointClientTest() override {
    net::run_on(loop_, [this]() -> net::Task<> {
      co_await client_->stop();
      client_.reset();
      http_.reset();
    });
    loop_.stop();
  }

  EndpointAnswer send(const std::string& url, const domain::SubscriptionSecrets& secrets,
                      const domain::SubscriptionSettings& settings = {}, std::chrono::milliseconds time = 20s) {
    domain::Subscription subscription;
    subscription.id.key = {7};
    subscription.settings = settings;
    EndpointRequest request;
    request.url = std::make_shared<const net::Url>(net::parse_url(url, "url").value());
    request.access = make_endpoint_access(subscription, secrets).value();
    request.header_lines = "X-Fixed: yes\r\n";
    request.body = std::make_shared<const std::string>("body");
    request.deadline = clock_.steady_now() + time;
    EndpointAnswer answer;
    net::run_on(loop_, [&]() -> net::Task<> { answer = co_await client_->send(request); });
    return answer;
  }

  static domain::SubscriptionSecrets oauth2(const std::string& token_url) {
    domain::SubscriptionSecrets secrets;
    secrets.authentication.kind = domain::EndpointAuthentication::Kind::oauth2;
    secrets.authentication.token_url = token_url;
    secrets.authentication.client_id = "id";
    secrets.authentication.client_secret = "hush";
    return secrets;
  }

  SystemClock clock_;
  net::Loop loop_{"endpoints"};
  std::optional<net::HttpClient> http_;
  std::optional<EndpointClient> client_;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(EndpointClientTest, ShowsWhatTheSubscriptionSays) {
  Recorder endpoint([](const std::string&) { return answer_text(200, "ok"); });
  domain::SubscriptionSecrets secrets;
  EXPECT_EQ(send(endpoint.url(), secrets).response.body, "ok");
  secrets.authentication.kind = domain::EndpointAuthentication::Kind::basic;
  secrets.authentication.username = "Aladdin";
  secrets.authentication.password = "open sesame";
  send(endpoint.url(), secrets);
  secrets.authentication.kind = domain::EndpointAuthentication::Kind::bearer;
  secrets.authentication.token = "t.0";
  secrets.headers = {{"api-key", "k"}, {"X-Other", "v"}};
  send(endpoint.url(), secrets);
  const auto requests = endpoint.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_FALSE(has(requests[0], "Authorization"));
  EXPECT_TRUE(has(requests[1], "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n")) << requests[1];
  EXPECT_TRUE(has(requests[2], "\r\nAuthorization: Bearer t.0\r\napi-key: k\r\nX-Other: v\r\n")) << requests[2];
  for (const auto& request : requests) EXPECT_TRUE(has(request, "\r\nX-Fixed: yes\r\n"));
}

TEST_F(EndpointClientTest, FetchesATokenOnceAndSendsIt) {
  Recorder tokens([](const std::string&) { return answer_text(200, R"({"access_token":"t1","token_type":"Bearer"})"); });
  Recorder endpoint([](const std::string&) { return answer_text(204); });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(endpoint.url(), oauth2(tokens.url("/token"))).response.status, 204);
  ASSERT_EQ(tokens.requests().size(), 1U);
  const auto asked = tokens.requests().front();
  EXPECT_TRUE(asked.starts_with("POST /token HTTP/1.1\r\n"));
  EXPECT_TRUE(has(asked, "\r\nAuthorization: Basic aWQ6aHVzaA==\r\n")) << asked;
  EXPECT_TRUE(asked.ends_with("\r\n\r\ngrant_type=client_credentials"));
  for (const auto& request : endpoint.requests()) {
    EXPECT_TRUE(has(request, "\r\nAuthorization: Bearer t1\r\n"));
    EXPECT_FALSE(has(request, "hush"));
  }
}

TEST_F(EndpointClientTest, A401GetsAFreshTokenOnceWithinTheAttempt) {
  int given = 0;
  Recorder tokens(
      [&given](const std::string&) { return answer_text(200, R"({"access_token":"t)" + std::to_string(++given) + "\"}"); });
  std::string good = "t1";
  Recorder endpoint(
      [&good](const std::string& request) { return answer_text(has(request, "Bearer " + good + "\r\n") ? 200 : 401); });
  EXPECT_EQ(send(endpoint.url(), oauth2(tokens.url())).response.status, 200);
  good = "t2";  // the endpoint forgets the first token
  EXPECT_EQ(send(endpoint.url(), oauth2(tokens.url())).response.status, 200);
  EXPECT_EQ(endpoint.requests().size(), 3U);
  EXPECT_EQ(tokens.requests().size(), 2U);
  good = "none";
  EXPECT_EQ(send(endpoint.url(), oauth2(tokens.url())).response.status, 401);
  EXPECT_EQ(endpoint.requests().size(), 5U) << "once more, not for ever";
}

TEST_F(EndpointClientTest, WithoutATokenTheEndpointIsNotAsked) {
  Recorder endpoint([](const std::string&) { return answer_text(200); });
  struct Case {
    std::string name, answer, says;
  };
  const Case cases[] = {
      {"refused", answer_text(401, R"({"error":"invalid_client","error_description":"hush"})"), "answered 401: invalid_client"},
      {"no token", answer_text(200, "{}"), "no usable access_token"},
      {"redirected", answer_text(302, "", "Location: http://127.0.0.1/\r\n"), "answered 302"},
      {"malformed", "hello\r\n\r\n", "the token server: "},
      {"endless", "HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, ' '), "too large"},
  };
  for (const auto& row : cases) {
    Recorder tokens([&row](const std::string&) { return row.answer; });
    const auto answer = send(endpoint.url(), oauth2(tokens.url()));
    EXPECT_EQ(answer.failure, FailureKind::authorization) << row.name;
    EXPECT_TRUE(has(answer.detail, row.says)) << row.name << ": " << answer.detail;
    EXPECT_FALSE(has(answer.detail, "hush")) << row.name;
  }
  EXPECT_TRUE(endpoint.requests().empty());
}

TEST_F(EndpointClientTest, TheDeadlineCoversTheToken) {
  Recorder tokens([](const std::string&) { return std::string(); });  // hangs
  Recorder endpoint([](const std::string&) { return answer_text(200); });
  const auto start = clock_.steady_now();
  const auto answer = send(endpoint.url(), oauth2(tokens.url()), {}, 150ms);
  EXPECT_EQ(answer.failure, FailureKind::authorization);
  EXPECT_TRUE(has(answer.detail, "time ran out")) << answer.detail;
  EXPECT_LT(clock_.steady_now() - start, kTokenFetchTime) << "it waits for its own deadline, not for the fetch's";
  EXPECT_TRUE(endpoint.requests().empty());
}

TEST_F(EndpointClientTest, AsksForConsentBeforeTheFirstDelivery) {
  Recorder endpoint([](const std::string& request) {
    if (!request.starts_with("OPTIONS ")) return answer_text(200);
    return answer_text(200, "", "WebHook-Allowed-Origin: hooks.example\r\nWebHook-Allowed-Rate: 30\r\n");
  });
  domain::SubscriptionSettings settings;
  settings.handshake = true;
  settings.rate_limit = domain::RateLimit{2, 1};
  domain::SubscriptionSecrets secrets;
  secrets.headers = {{"api-key", "k"}};
  for (int i = 0; i < 2; ++i) {
    const auto answer = send(endpoint.url("/hook?x=1"), secrets, settings);
    EXPECT_EQ(answer.response.status, 200);
    EXPECT_EQ(answer.allowed_per_second, 0.5);
  }
  const auto requests = endpoint.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_TRUE(requests[0].starts_with("OPTIONS /hook?x=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(has(requests[0], "\r\nWebHook-Request-Origin: hooks.example\r\nWebHook-Request-Rate: 120\r\napi-key: k\r\n"));
  EXPECT_FALSE(has(requests[0], "body"));
  EXPECT_TRUE(requests[1].starts_with("POST "));
  EXPECT_TRUE(requests[2].starts_with("POST "));
}

TEST_F(EndpointClientTest, WithoutConsentNothingIsDelivered) {
  Recorder endpoint([](const std::string&) { return answer_text(200); });
  domain::SubscriptionSettings settings;
  settings.handshake = true;
  const auto answer = send(endpoint.url(), {}, settings);
  EXPECT_EQ(answer.failure, FailureKind::handshake);
  EXPECT_TRUE(has(answer.detail, "WebHook-Allowed-Origin")) << answer.detail;
  ASSERT_EQ(endpoint.requests().size(), 1U);
  EXPECT_TRUE(endpoint.requests().front().starts_with("OPTIONS "));
}

// The attempt that a request to `url` makes.
class HttpTransportTest : public EndpointClientTest {
 protected:
  AttemptAnswer attempt(const std::string& url, std::chrono::milliseconds time) {
    OutgoingAttempt attempt;
    attempt.url = std::make_shared<const net::Url>(net::parse_url(url, "url").value());
    attempt.body = std::make_shared<const std::string>("body");
    attempt.deadline = clock_.steady_now() + time;
    AttemptAnswer answer;
    net::run_on(loop_, [&]() -> net::Task<> {
      HttpTransport transport(loop_, *client_, clock_);
      answer = co_await net::until<AttemptAnswer>([&](auto done) { transport.send(std::move(attempt), std::move(done)); });
    });
    return answer;
  }
};

TEST_F(HttpTransportTest, AStatusThatHasComeDecidesWhateverBecomesOfTheBody) {
  enum class Then { close, wait };
  struct Row {
    std::string said;
    Then then;
    FailureKind failure;
    int status;
    std::string_view detail;
    std::optional<std::chrono::seconds> retry_after = std::nullopt;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Row rows[] = {
      {ok + "Content-Length: 2\r\n\r\nok", Then::wait, FailureKind::none, 200, ""},
      {ok + "Content-Length: 100\r\n\r\nabc", Then::close, FailureKind::none, 200, "the answer's body is cut: "},
      {ok + "Content-Length: 100\r\n\r\nabc", Then::wait, FailureKind::none, 200, "the answer's body is cut: the time ran out"},
      {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", Then::close, FailureKind::none, 200, "the answer's body is cut: "},
      {ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", Then::wait, FailureKind::none, 200,
       "the answer's body is cut: malformed"},
      {ok + "\r\nuntil the end", Then::wait, FailureKind::none, 200, "the answer's body is cut: the time ran out"},
      {"HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\nabc", Then::close, FailureKind::status, 410,
       "the endpoint answered 410; the answer's body is cut: "},
      {"HTTP/1.1 503 Busy\r\nRetry-After: 500\r\nContent-Length: 100\r\n\r\nabc", Then::close, FailureKind::status, 503,
       "the endpoint answered 503; the answer's body is cut: ", 500s},
      {"HTTP/1.1 200 OK\r\nContent-Le", Then::close, FailureKind::disconnected, 0, ""},
      {"HTTP/1.1 200 OK\r\nContent-Le", Then::wait, FailureKind::timeout, 0, ""},
      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", Then::close, FailureKind::disconnected, 0, ""},
      {"", Then::close, FailureKind::disconnected, 0, ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.said);
    TestEndpoint endpoint([&row](TestPeer& peer) {
      if (!peer.read_request()) return;
      peer.send(row.said);
      if (row.then == Then::wait) peer.wait_for_close();
    });
    const auto answer = attempt(endpoint.url(), row.then == Then::wait ? 300ms : 20'000ms);
    EXPECT_EQ(answer.outcome.failure, row.failure) << answer.detail;
    EXPECT_EQ(answer.outcome.status, row.status);
    EXPECT_EQ(answer.outcome.retry_after, row.retry_after);
    EXPECT_EQ(answer.detail.empty(), row.detail.empty() && row.failure == FailureKind::none) << answer.detail;
    EXPECT_TRUE(answer.detail.starts_with(row.detail)) << answer.detail;
    if (row.said.ends_with("abc")) {
      EXPECT_EQ(answer.response, "abc");
    }
  }
}

TEST_F(EndpointClientTest, ATokenWhoseAnswerIsCutIsNone) {
  Recorder endpoint([](const std::string&) { return answer_text(200); });
  TestEndpoint tokens([](TestPeer& peer) {
    if (peer.read_request()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{\"access_token\":\"t1\"}");
  });
  EXPECT_EQ(send(endpoint.url(), oauth2(tokens.url())).failure, FailureKind::authorization);
  EXPECT_TRUE(endpoint.requests().empty());
}

TEST_F(EndpointClientTest, WithoutASocketNothingIsSentAndItIsSaid) {
  if (!net::kBearsShortageOfDescriptors) GTEST_SKIP();
  Recorder endpoint([](const std::string&) { return answer_text(200, R"({"access_token":"t1"})"); });
  Recorder tokens([](const std::string&) { return answer_text(200, R"({"access_token":"t1"})"); });
  domain::SubscriptionSettings with_handshake;
  with_handshake.handshake = true;
  std::optional<net::ShortageOfDescriptors> shortage(std::in_place);
  const auto plain = send(endpoint.url(), {});
  const auto by_name = send("http://name.example/", {});
  const auto with_token = send(endpoint.url(), oauth2(tokens.url()));
  const auto asked = send(endpoint.url(), {}, with_handshake);
  shortage.reset();
  for (const auto* answer : {&plain, &by_name, &with_token, &asked}) {
    EXPECT_TRUE(answer->not_sent) << answer->detail;
    EXPECT_EQ(answer->failure, FailureKind::internal) << answer->detail;
  }
  const auto sent = send(endpoint.url(), {});
  EXPECT_FALSE(sent.not_sent);
  EXPECT_EQ(sent.response.status, 200);
}

// Only public addresses.
class FilteredEndpointClientTest : public EndpointClientTest {
 protected:
  FilteredEndpointClientTest() : EndpointClientTest(only_second_loopback()) {}
  static net::HttpClientOptions only_second_loopback() {
    net::HttpClientOptions options;
    options.filter = net::PeerFilter({net::Network::parse("127.0.0.2/32", "allow").value()});
    return options;
  }
};

TEST_F(FilteredEndpointClientTest, TheTokenServerPassesThePeerFilterToo) {
  Recorder tokens([](const std::string&) { return answer_text(200, R"({"access_token":"t1"})"); });
  TestEndpoint endpoint(
      [](TestPeer& peer) {
        while (peer.read_request()) peer.send(answer_text(200));
      },
      "127.0.0.2");
  const auto url = "http://127.0.0.2:" + std::to_string(endpoint.port()) + "/";
  EXPECT_EQ(send(url, {}).response.status, 200) << "the endpoint itself may be reached";
  const auto answer = send(url, oauth2(tokens.url()));
  EXPECT_EQ(answer.failure, FailureKind::authorization);
  EXPECT_TRUE(tokens.requests().empty());
}

TEST_F(EndpointClientTest, StopAnswersAllWhoWait) {
  Recorder tokens([](const std::string&) { return std::string(); });
  net::Scope scope(loop_);
  int answered = 0;
  net::run_on(loop_, [&]() -> net::Task<> {
    const auto one = [](EndpointClient& client, EndpointRequest request, int& count) -> net::Task<> {
      const auto answer = co_await client.send(std::move(request));
      EXPECT_EQ(answer.failure, FailureKind::authorization);
      ++count;
    };
    for (int i = 0; i < 3; ++i) {
      EndpointRequest request;
      request.url = std::make_shared<const net::Url>(net::parse_url(tokens.url(), "url").value());
      request.access = make_endpoint_access({}, oauth2(tokens.url())).value();
      request.body = std::make_shared<const std::string>("body");
      request.deadline = clock_.steady_now() + 60s;
      scope.spawn(one(*client_, std::move(request), answered));
    }
    co_await client_->stop();
    co_await scope.join();
  });
  EXPECT_EQ(answered, 3);
}

}  // namespace
}  // namespace posthorn::outbound
