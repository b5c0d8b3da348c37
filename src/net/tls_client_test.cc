#include "net/tls_client.h"

#include <gtest/gtest.h>

#include <fstream>
#include <latch>

#include "net/certificates_for_tests.h"
#include "net/client_for_tests.h"
#include "net/dns_for_tests.h"

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Two authorities, one of which the client trusts.
struct Authorities {
  Identity known = make_identity({.subject = "Known authority", .authority = true});
  Identity unknown = make_identity({.subject = "Unknown authority", .authority = true});
  std::string file = write_certificate(known, "authority");
};

class TlsClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { authorities_ = new Authorities; }
  static void TearDownTestSuite() {
    std::remove(authorities_->file.c_str());
    delete authorities_;
    authorities_ = nullptr;
  }

  TlsClientTest() {
    dns_.set("receiver.example", {.v4 = {"127.0.0.1"}});
    dns_.set("other.example", {.v4 = {"127.0.0.1"}});
    dns_.set("a.wild.example", {.v4 = {"127.0.0.1"}});
    dns_.set("a.b.wild.example", {.v4 = {"127.0.0.1"}});
  }
  HttpClientOptions options() const {
    auto chosen = loopback_options();
    chosen.ca_file = authorities_->file;
    chosen.name_servers = dns_.address();
    return chosen;
  }
  static std::string url(const TestEndpoint& endpoint, const std::string& host = "receiver.example") {
    return "https://" + host + ":" + std::to_string(endpoint.port()) + "/";
  }
  static Identity good() { return make_identity({}, &authorities_->known); }

  static Authorities* authorities_;
  DnsStub dns_;
};

Authorities* TlsClientTest::authorities_ = nullptr;

TestEndpoint::Script serve(const Identity& identity, TlsServerWish wish = {}) {
  return [&identity, wish](TestPeer& peer) {
    TlsPeer tls(peer, identity, wish);
    if (!tls.shake_hands()) return;
    while (tls.read_request()) {
      if (!tls.send(kOk)) return;
    }
  };
}

TEST_F(TlsClientTest, SendsToAnEndpointWhoseCertificateIsGood) {
  const auto identity = good();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TestEndpoint endpoint(serve(identity, {.min_version = version, .max_version = version}));
    TestClient client(options());
    for (int i = 0; i < 10; ++i) {
      const auto result = client.send({.url = url(endpoint)});
      ASSERT_TRUE(result.has_value()) << result.error().detail;
      EXPECT_EQ(result->body, "ok");
    }
    EXPECT_EQ(endpoint.connections(), 1) << "the connection is reused";
    EXPECT_EQ(client.idle_connections(), 1U);
  }
}

TEST_F(TlsClientTest, NamesTheHostInItsHelloUnlessItIsAnAddress) {
  const auto identity = good();
  std::string name;
  TestEndpoint endpoint([&](TestPeer& peer) {
    TlsPeer tls(peer, identity);
    if (!tls.shake_hands() || !tls.read_request()) return;
    name = tls.server_name();
    tls.send(kOk);
    peer.wait_for_close();
  });
  ASSERT_TRUE(TestClient(options()).send({.url = url(endpoint)}).has_value());
  EXPECT_EQ(name, "receiver.example");
  const auto result = TestClient(options()).send({.url = url(endpoint, "127.0.0.1")});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  EXPECT_EQ(name, "");
}

TEST_F(TlsClientTest, SendsLargeBodiesWhole) {
  const auto identity = good();
  const std::string body(1 << 20, 'b');
  std::size_t seen = 0;
  TestEndpoint endpoint([&](TestPeer& peer) {
    TlsPeer tls(peer, identity);
    if (!tls.shake_hands()) return;
    while (const auto request = tls.read_request()) {
      seen = request->size() - request->find("\r\n\r\n") - 4;
      tls.send(kOk);
    }
  });
  TestClient client(options());
  for (int i = 0; i < 3; ++i) {
    const auto result = client.send({.url = url(endpoint), .body = body});
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(seen, body.size());
  }
  EXPECT_EQ(endpoint.connections(), 1);
}

struct BadCertificate {
  std::string name;
  Identity identity;
  std::string host;
  std::string says;  // a part of the failure's detail
};

TEST_F(TlsClientTest, RefusesBadCertificatesAndSaysWhy) {
  auto& known = authorities_->known;
  std::vector<BadCertificate> rows;
  const auto add = [&](std::string name, Identity identity, std::string says, std::string host = "receiver.example") {
    rows.push_back({std::move(name), std::move(identity), std::move(host), std::move(says)});
  };
  add("expired", make_identity({.valid_from = -7200, .valid_to = -3600}, &known), "certificate has expired");
  add("not yet valid", make_identity({.valid_from = 3600, .valid_to = 7200}, &known), "not yet valid");
  add("self-signed", make_identity({}), "self-signed certificate");
  add("unknown authority", make_identity({}, &authorities_->unknown), "unable to get local issuer certificate");
  add("other host", good(), "hostname mismatch", "other.example");
  add("name only in the subject",
      make_identity({.subject = "receiver.example", .alternative_names = {"DNS:x.example"}}, &known), "hostname mismatch");
  add("wildcard too wide", make_identity({.alternative_names = {"DNS:*.wild.example"}}, &known), "hostname mismatch",
      "a.b.wild.example");
  add("wildcard of everything", make_identity({.alternative_names = {"DNS:*.example", "DNS:*"}}, &known), "hostname mismatch",
      "a.wild.example");
  add("partial wildcard", make_identity({.alternative_names = {"DNS:rec*.example"}}, &known), "hostname mismatch");
  add("other address", make_identity({.alternative_names = {"IP:127.0.0.2"}}, &known), "IP address mismatch", "127.0.0.1");
  add("address as a name", make_identity({.alternative_names = {"DNS:127.0.0.1"}}, &known), "IP address mismatch", "127.0.0.1");
  const auto middle = make_identity({.subject = "Middle"}, &known);
  add("signed by what is no authority", make_identity({}, &middle), "unable to get local issuer certificate");
  add("key of 1024 bits", make_identity({.rsa_bits = 1024}, &known), "key too weak");
  add("SHA-1", make_identity({.sha1 = true}, &known), "too weak");
  for (const auto& row : rows) {
    TestEndpoint endpoint(serve(row.identity));
    TestClient client(options());
    const auto result = client.send({.url = url(endpoint, row.host)});
    ASSERT_TRUE(result.has_error()) << row.name;
    EXPECT_EQ(result.error().kind, SendFailure::tls) << row.name << ": " << result.error().detail;
    EXPECT_NE(result.error().detail.find(row.says), std::string::npos) << row.name << ": " << result.error().detail;
    EXPECT_EQ(client.idle_connections(), 0U);
  }
}

TEST_F(TlsClientTest, AcceptsAWildcardForOneLabel) {
  const auto identity = make_identity({.alternative_names = {"DNS:*.wild.example"}}, &authorities_->known);
  TestEndpoint endpoint(serve(identity));
  const auto result = TestClient(options()).send({.url = url(endpoint, "a.wild.example")});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
}

TEST_F(TlsClientTest, RefusesOldVersions) {
  const auto identity = good();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    TestEndpoint endpoint(serve(identity, {.min_version = version, .max_version = version}));
    const auto result = TestClient(options()).send({.url = url(endpoint)});
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().kind, SendFailure::tls) << result.error().detail;
    EXPECT_NE(result.error().detail.find("version"), std::string::npos) << result.error().detail;
  }
}

TEST_F(TlsClientTest, TheSystemsAuthoritiesDoNotKnowOurs) {
  const auto identity = good();
  TestEndpoint endpoint(serve(identity));
  auto chosen = options();
  chosen.ca_file.clear();
  const auto result = TestClient(chosen).send({.url = url(endpoint)});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::tls);
}

TEST_F(TlsClientTest, IgnoresTheEnvironmentsAuthorities) {
  const auto identity = good();
  TestEndpoint endpoint(serve(identity));
  auto chosen = options();
  chosen.ca_file.clear();
  ::setenv("SSL_CERT_FILE", authorities_->file.c_str(), 1);
  const auto result = TestClient(chosen).send({.url = url(endpoint)});
  ::unsetenv("SSL_CERT_FILE");
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::tls);
}

TEST_F(TlsClientTest, ABadAuthorityFileIsRefusedAtConstruction) {
  Loop loop("x");
  const SystemClock clock;
  HttpClientOptions chosen;
  chosen.ca_file = "/nonexistent/authority.pem";
  EXPECT_THROW(HttpClient(loop, clock, chosen), std::runtime_error);
  const auto path = testing::TempDir() + "posthorn_net_not_a_certificate.pem";
  std::ofstream(path) << "not a certificate\n";
  chosen.ca_file = path;
  EXPECT_THROW(HttpClient(loop, clock, chosen), std::runtime_error);
  std::remove(path.c_str());
}

struct BadServer {
  std::string name;
  TestEndpoint::Script script;
  SendFailure failure;
  std::string says;
};

TEST_F(TlsClientTest, FaultsOfTheHandshakeAreFailures) {
  const auto identity = good();
  const std::vector<BadServer> rows = {
      {"plain text",
       [](TestPeer& peer) {
         (void)peer.read_some();
         peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
         peer.wait_for_close();
       },
       SendFailure::tls, "does not speak TLS"},
      {"zeros",
       [](TestPeer& peer) {
         (void)peer.read_some();
         peer.send(std::string(1000, '\0'));
         peer.wait_for_close();
       },
       SendFailure::tls, "TLS"},
      {"closes at once", [](TestPeer&) {}, SendFailure::tls, ""},
      {"closes after the hello", [](TestPeer& peer) { (void)peer.read_some(); }, SendFailure::tls, "during the TLS handshake"},
      {"resets after the hello",
       [](TestPeer& peer) {
         (void)peer.read_some();
         peer.reset();
       },
       SendFailure::tls, "TLS handshake"},
      {"hangs", [](TestPeer& peer) { peer.wait_for_close(); }, SendFailure::timeout, "TLS"},
      {"drips",
       [](TestPeer& peer) {
         (void)peer.read_some();
         peer.drip("\x16\x03\x03\x40" + std::string(10'000, '\0'), 5ms);
       },
       SendFailure::timeout, "TLS"},
      {"wants a certificate in TLS 1.2", serve(identity, {.max_version = TLS1_2_VERSION, .asks_for_certificate = true}),
       SendFailure::tls, ""},
  };
  for (const auto& row : rows) {
    TestEndpoint endpoint(row.script);
    auto chosen = options();
    std::optional<SendResult> result;
    // The same time bounds the connecting before: on a busy machine that may not end in the shortest.
    for (const auto time : {150ms, 1000ms, 10'000ms}) {
      if (row.failure == SendFailure::timeout) chosen.connect_timeout = time;
      result.emplace(TestClient(chosen).send({.url = url(endpoint)}));
      ASSERT_TRUE(result->has_error()) << row.name;
      if (row.failure != SendFailure::timeout || result->error().detail.find(row.says) != std::string::npos) break;
    }
    EXPECT_EQ(result->error().kind, row.failure) << row.name << ": " << result->error().detail;
    EXPECT_NE(result->error().detail.find(row.says), std::string::npos) << row.name << ": " << result->error().detail;
  }
}

TEST_F(TlsClientTest, ATlsHandshakeEndsAtTheDeadline) {
  TestEndpoint endpoint([](TestPeer& peer) { peer.wait_for_close(); });
  TestClient client(options());
  EXPECT_EQ(client.send({.url = url(endpoint), .time = 100ms}).error().kind, SendFailure::timeout);
}

TEST_F(TlsClientTest, AnAnswerThatIsCutIsADisconnection) {
  const auto identity = good();
  for (const bool politely : {true, false}) {
    TestEndpoint endpoint([&](TestPeer& peer) {
      TlsPeer tls(peer, identity);
      if (!tls.shake_hands() || !tls.read_request()) return;
      tls.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
      if (politely) tls.shut_down();
    });
    const auto result = TestClient(options()).send({.url = url(endpoint)});
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().kind, SendFailure::disconnected) << result.error().detail;
  }
}

TEST_F(TlsClientTest, ABodyThatEndsWithTheConnectionIsCertainOnlyWhenTlsSaysSo) {
  const auto identity = good();
  for (const bool politely : {true, false}) {
    TestEndpoint endpoint([&](TestPeer& peer) {
      TlsPeer tls(peer, identity);
      if (!tls.shake_hands() || !tls.read_request()) return;
      tls.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
      if (politely) tls.shut_down();
    });
    const auto result = TestClient(options()).send({.url = url(endpoint)});
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(result->body, "until the end");
    EXPECT_EQ(result->body_complete, politely);
  }
}

TEST_F(TlsClientTest, AnExtraAnswerDoesNotReachTheNextExchange) {
  const auto identity = good();
  std::latch injected(1);
  TestEndpoint endpoint([&](TestPeer& peer) {
    TlsPeer tls(peer, identity);
    if (!tls.shake_hands()) return;
    while (tls.read_request()) {
      tls.send(kOk);
      if (peer.number() > 1) continue;
      tls.send("HTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n");
      injected.count_down();
      return peer.wait_for_close();
    }
  });
  TestClient client(options());
  for (int i = 0; i < 5; ++i) {
    const auto result = client.send({.url = url(endpoint)});
    injected.wait();  // what comes only after the next request has gone out cannot be told from its answer
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(result->status, 200);
  }
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST_F(TlsClientTest, DoesNotTryAgainWhenAReusedConnectionTookTheWholeRequest) {
  const auto identity = good();
  TestEndpoint endpoint([&](TestPeer& peer) {
    TlsPeer tls(peer, identity);
    if (!tls.shake_hands() || !tls.read_request()) return;
    tls.send(kOk);
    (void)tls.read_request();
  });
  TestClient client(options());
  ASSERT_TRUE(client.send({.url = url(endpoint)}).has_value());
  const auto result = client.send({.url = url(endpoint)});
  ASSERT_TRUE(result.has_error());
  EXPECT_EQ(result.error().kind, SendFailure::disconnected);
  EXPECT_EQ(endpoint.connections(), 1);
}

TEST_F(TlsClientTest, TheSubjectOfACertificateIsNoName) {
  for (const bool named : {false, true}) {
    const CertificateWish wish{
        .subject = "receiver.example",
        .alternative_names = named ? std::vector<std::string>{"DNS:receiver.example"} : std::vector<std::string>{}};
    const auto identity = make_identity(wish, &authorities_->known);
    TestEndpoint endpoint(serve(identity));
    const auto result = TestClient(options()).send({.url = url(endpoint)});
    EXPECT_EQ(result.has_value(), named);
    EXPECT_TRUE(named || result.error().kind == SendFailure::tls);
  }
}

TEST_F(TlsClientTest, ReadsItsAuthoritiesAgainWhenItIsTold) {
  const auto identity = make_identity({}, &authorities_->unknown);
  TestEndpoint endpoint(serve(identity));
  auto chosen = options();
  chosen.ca_file = write_certificate(authorities_->known, "exchanged");
  TestClient client(chosen);
  const auto reload = [&client] {
    Status reloaded;
    run_on(client.loop(), [&]() -> Task<void> {
      reloaded = client.client().reload_certificates();
      co_return;
    });
    return reloaded;
  };
  EXPECT_EQ(client.send({.url = url(endpoint)}).error().kind, SendFailure::tls);
  (void)write_certificate(authorities_->unknown, "exchanged");
  EXPECT_EQ(client.send({.url = url(endpoint)}).error().kind, SendFailure::tls);
  ASSERT_TRUE(reload().has_value());
  const auto trusted = client.send({.url = url(endpoint)});
  ASSERT_TRUE(trusted.has_value()) << trusted.error().detail;

  std::ofstream(chosen.ca_file) << "no certificate";  // keeps what there was, the idle connection too
  EXPECT_TRUE(reload().has_error());
  EXPECT_EQ(client.idle_connections(), 1U);
  EXPECT_TRUE(client.send({.url = url(endpoint)}).has_value());

  (void)write_certificate(authorities_->known, "exchanged");
  ASSERT_TRUE(reload().has_value());
  EXPECT_EQ(client.send({.url = url(endpoint)}).error().kind, SendFailure::tls) << "a connection made before was used";
  std::remove(chosen.ca_file.c_str());
}

TEST_F(TlsClientTest, SpeaksTlsThroughAProxy) {
  const auto identity = good();
  TestEndpoint proxy([&](TestPeer& peer) {
    const auto asked = peer.read_request();
    if (!asked || !asked->starts_with("CONNECT 93.184.216.34:443 ")) return;
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    serve(identity)(peer);
  });
  dns_.set("receiver.example", {.v4 = {"93.184.216.34"}});
  HttpClientOptions chosen;
  chosen.ca_file = authorities_->file;
  chosen.name_servers = dns_.address();
  chosen.proxy_host = "127.0.0.1";
  chosen.proxy_port = proxy.port();
  TestClient client(chosen);
  for (int i = 0; i < 3; ++i) {
    const auto result = client.send({.url = "https://receiver.example/"});
    ASSERT_TRUE(result.has_value()) << result.error().detail;
  }
  EXPECT_EQ(proxy.connections(), 1);
}

// Answers with the common name of the certificate that the client presented.
TestEndpoint::Script name_the_client(const Identity& identity, TlsServerWish wish) {
  return [&identity, wish](TestPeer& peer) {
    TlsPeer tls(peer, identity, wish);
    if (!tls.shake_hands()) return;
    while (tls.read_request()) {
      const auto name = tls.client_name();
      if (!tls.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name)) return;
    }
  };
}

std::shared_ptr<const ClientIdentity> client_identity(const std::string& name) {
  const auto made = make_identity({.subject = name});
  return ClientIdentity::make(certificate_pem(made), key_pem(made), "c").value();
}

TEST_F(TlsClientTest, PresentsTheCertificateOfTheRequestAndPoolsByIt) {
  const auto identity = good();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TestEndpoint endpoint(
        name_the_client(identity, {.min_version = version, .max_version = version, .trusts_every_client = true}));
    const auto target = url(endpoint);
    const auto one = client_identity("one");
    const auto other = client_identity("other");
    TestClient client(options());
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(client.send({.url = target, .identity = one})->body, "one");
      EXPECT_EQ(client.send({.url = target})->body, "");
      EXPECT_EQ(client.send({.url = target, .identity = other})->body, "other");
    }
    EXPECT_EQ(endpoint.connections(), 3) << "a connection is reused for the identity that it was opened with, and no other";
    EXPECT_EQ(client.idle_connections(), 3U);
  }
}

TEST_F(TlsClientTest, PlainConnectionsAreSharedWhateverTheIdentity) {
  TestEndpoint endpoint([](TestPeer& peer) {
    while (peer.read_request()) peer.send(kOk);
  });
  TestClient client(options());
  for (const auto& identity : {client_identity("one"), client_identity("other")}) {
    EXPECT_EQ(client.send({.url = endpoint.url(), .identity = identity})->status, 200);
  }
  EXPECT_EQ(endpoint.connections(), 1);
}

TEST_F(TlsClientTest, TellsWhatWasAgreedAndWhomItMet) {
  const auto identity = make_identity({.subject = "räceiver"}, &authorities_->known);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TestEndpoint endpoint(serve(identity, {.min_version = version, .max_version = version}));
    TestClient client(options());
    const auto result = client.send({.url = url(endpoint), .wants_tls_facts = true});
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    ASSERT_NE(result->tls, nullptr);
    EXPECT_EQ(result->tls->version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_NE(result->tls->cipher.find("GCM"), std::string::npos) << result->tls->cipher;
    EXPECT_EQ(result->tls->subject, "CN=räceiver");
    EXPECT_EQ(result->tls->issuer, "CN=Known authority");
    const auto now = SystemClock().wall_now();
    EXPECT_GT(result->tls->not_after, now);
    EXPECT_LT(result->tls->not_before, now);
    // A pooled connection tells them too; nobody who did not ask gets them.
    EXPECT_NE(client.send({.url = url(endpoint), .wants_tls_facts = true})->tls, nullptr);
    EXPECT_EQ(client.send({.url = url(endpoint)})->tls, nullptr);
    EXPECT_EQ(endpoint.connections(), 1);
  }
}

}  // namespace
}  // namespace posthorn::net
