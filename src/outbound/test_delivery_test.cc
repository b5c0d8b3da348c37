#include "outbound/test_delivery.h"

#include <gtest/gtest.h>

#include <mutex>

#include "domain/outbound/format.h"
#include "domain/outbound/signature.h"
#include "net/certificates_for_tests.h"
#include "net/client_for_tests.h"
#include "net/endpoint_for_tests.h"
#include "script/pool.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;
using net::TestEndpoint;
using net::TestPeer;

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

class TestDeliveryTest : public testing::Test {
 protected:
  TestDeliveryTest() {
    auto options = net::loopback_options();
    options.ca_file = net::write_certificate(authority_, "test_delivery_authority");
    loop_.start();
    net::run_on(loop_, [&]() -> net::Task<> {
      tests_.emplace(loop_, catalogue_, clock_, scripts_, options, "hooks.example", kEventBodyBytesMaxDefault);
      co_return;
    });
    std::remove(options.ca_file.c_str());
  }
  ~TestDeliveryTest() override {
    net::run_on(loop_, [this]() -> net::Task<> {
      co_await tests_->stop();
      tests_.reset();
    });
    loop_.stop();
  }

  Result<TestReport> send(TestCall call) {
    call.tenant = {1};
    call.tenant_name = "acme";
    std::optional<Result<TestReport>> report;
    net::run_on(loop_, [&]() -> net::Task<> { report.emplace(co_await tests_->send(call)); });
    return std::move(*report);
  }

  domain::SubscriptionPtr subscription(const std::string& url, const domain::SubscriptionSecrets& secrets) {
    auto made = std::make_shared<domain::Subscription>();
    made->id = ids_.next<SubscriptionId>();
    made->tenant = {1};
    made->settings.url = url;
    made->settings.topics = {"a.b"};
    made->settings.headers = {{"X-Team", "blue"}};
    made->sealed_secret = sealer_.seal(domain::encode_secrets(secrets), secret_context(made->id));
    return made;
  }

  // Answers with the request that came, so that a report shows what was sent.
  static void echo(TestPeer& peer) {
    while (const auto request = peer.read_request()) {
      peer.send("HTTP/1.1 200 OK\r\nX-Seen: a\r\nX-Seen: b\r\nContent-Length: " + std::to_string(request->size()) + "\r\n\r\n" +
                *request);
    }
  }

  SystemClock clock_;
  IdSource ids_{clock_, 1};
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  Catalogue catalogue_{clock_, ids_, sealer_};
  net::Identity authority_ = net::make_identity({.subject = "Authority", .authority = true});
  script::Pool scripts_{{}};
  net::Loop loop_{"tests"};
  std::optional<TestDelivery> tests_;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string header_in(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

TEST_F(TestDeliveryTest, SendsThePayloadToAUrlAlone) {
  TestEndpoint endpoint(echo);
  TestCall call;
  call.url = endpoint.url("/x");
  call.payload = R"({"n":1})";
  call.headers = {{"X-Mine", "1"}};
  const auto report = send(call).value();
  EXPECT_EQ(report.failure, FailureKind::none);
  EXPECT_EQ(report.response.status, 200);
  EXPECT_EQ(report.response.tls, nullptr);
  EXPECT_GT(report.duration.count(), 0);
  const auto& sent = report.response.body;
  EXPECT_TRUE(sent.starts_with("POST /x HTTP/1.1\r\n")) << sent;
  EXPECT_TRUE(sent.ends_with("\r\n\r\n{\"n\":1}")) << sent;
  EXPECT_EQ(header_in(sent, "X-Mine"), "1");
  EXPECT_EQ(header_in(sent, "Content-Type"), "application/json");
  EXPECT_FALSE(has(sent, "webhook-"));
}

TEST_F(TestDeliveryTest, SendsTextAsItIsUnderTheTypeThatWasGiven) {
  TestEndpoint endpoint(echo);
  TestCall call;
  call.url = endpoint.url();
  call.payload = "hello";
  call.payload_kind = TestCall::Payload::text;
  EXPECT_TRUE(has(send(call)->response.body, "Content-Type: text/plain; charset=utf-8\r\n"));
  call.headers = {{"content-type", "text/csv"}};
  const auto sent = send(call)->response.body;
  EXPECT_TRUE(has(sent, "content-type: text/csv\r\n"));
  EXPECT_FALSE(has(sent, "text/plain"));
  EXPECT_TRUE(sent.ends_with("\r\n\r\nhello"));
}

TEST_F(TestDeliveryTest, SignsAndAuthenticatesAsTheSubscriptionWould) {
  TestEndpoint endpoint(echo);
  domain::SubscriptionSecrets secrets;
  secrets.current = kSecret;
  secrets.authentication.kind = domain::EndpointAuthentication::Kind::bearer;
  secrets.authentication.token = "t.0";
  TestCall call;
  call.subscription = subscription(endpoint.url(), secrets);
  call.topic = "a.b";
  call.payload = R"({"n":1})";
  const auto report = send(call).value();
  const auto& sent = report.response.body;
  const auto body = sent.substr(sent.find("\r\n\r\n") + 4);
  EXPECT_EQ(header_in(sent, "Authorization"), "Bearer t.0");
  EXPECT_EQ(header_in(sent, "X-Team"), "blue");
  EXPECT_TRUE(has(body, R"("type":"a.b")")) << body;
  EXPECT_TRUE(has(body, R"("data":{"n":1})")) << body;
  const auto verdict = domain::verify_v1(kSecret, header_in(sent, "webhook-id"), header_in(sent, "webhook-timestamp"),
                                         header_in(sent, "webhook-signature"), body, clock_.wall_now(), 5min);
  EXPECT_EQ(verdict, domain::SignatureVerdict::valid);
  // Another format, for once.
  call.format = domain::Format::raw;
  EXPECT_TRUE(send(call)->response.body.ends_with("\r\n\r\n{\"n\":1}"));
}

TEST_F(TestDeliveryTest, TellsTheTlsFacts) {
  const auto identity = net::make_identity({.subject = "receiver"}, &authority_);
  TestEndpoint endpoint([&](TestPeer& peer) {
    net::TlsPeer tls(peer, identity);
    if (!tls.shake_hands() || !tls.read_request()) return;
    tls.send("HTTP/1.1 204 No\r\n\r\n");
  });
  TestCall call;
  call.url = "https://127.0.0.1:" + std::to_string(endpoint.port()) + "/";
  call.payload = "1";
  const auto report = send(call).value();
  ASSERT_EQ(report.response.status, 204) << report.detail;
  ASSERT_NE(report.response.tls, nullptr);
  EXPECT_EQ(report.response.tls->subject, "CN=receiver");
  EXPECT_EQ(report.response.tls->issuer, "CN=Authority");
}

TEST_F(TestDeliveryTest, AFailureIsAReport) {
  struct Case {
    TestEndpoint::Script script;
    FailureKind failure;
    int status;
  };
  const Case cases[] = {
      {[](TestPeer& peer) {
         if (peer.read_request()) peer.send("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno");
       },
       FailureKind::status, 500},
      {[](TestPeer& peer) { peer.reset(); }, FailureKind::disconnected, 0},
      {[](TestPeer& peer) {
         if (peer.read_request()) peer.send("hello\r\n\r\n");
       },
       FailureKind::protocol, 0},
      {[](TestPeer& peer) { peer.wait_for_close(); }, FailureKind::timeout, 0},
  };
  for (const auto& row : cases) {
    TestEndpoint endpoint(row.script);
    TestCall call;
    call.url = endpoint.url();
    call.payload = "1";
    if (row.failure == FailureKind::timeout) call.timeout = 100ms;
    const auto report = send(call).value();
    EXPECT_EQ(report.failure, row.failure) << report.detail;
    EXPECT_EQ(report.response.status, row.status);
    EXPECT_FALSE(report.detail.empty());
  }
  TestCall blocked;
  blocked.url = "http://10.0.0.1/";
  blocked.payload = "1";
  EXPECT_EQ(send(blocked)->failure, FailureKind::blocked);
}

TEST_F(TestDeliveryTest, ATenantMayNotSendWithoutEnd) {
  TestEndpoint endpoint(echo);
  TestCall call;
  call.url = endpoint.url();
  call.payload = "1";
  int sent = 0;
  std::optional<Error> refused;
  while (!refused && sent < 1000) {
    const auto report = send(call);
    if (report) ++sent;
    if (!report) refused = report.error();
  }
  EXPECT_GE(sent, kTestDeliveriesBurst);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, "too_many_requests");
  EXPECT_TRUE(refused->retry_after);
}

}  // namespace
}  // namespace posthorn::outbound
