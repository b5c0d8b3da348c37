// What endpoints do wrong within TLS: each is one failure of a named kind, and the connection is gone.
#include <gtest/gtest.h>
#include <openssl/bio.h>

#include <cstdio>

#include "net/certificates_for_tests.h"
#include "net/client_for_tests.h"
#include "net/endpoint_for_tests.h"

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string kFine = "HTTP/1.1 207 Fine\r\nContent-Length: 4\r\n\r\nfine";

// A TLS side whose bytes pass through the test's hands: at most `bytes_max` of them are sent.
class CutTlsPeer {
 public:
  CutTlsPeer(TestPeer& peer, const Identity& identity, int version, std::size_t bytes_max)
      : peer_(peer), left_(bytes_max), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    stream_.reset(SSL_new(context_.get()));
    SSL_set_bio(stream_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }

  // The first flight, up to where the client must answer. False once the bytes are used up.
  bool first_flight() {
    while (!flush()) {
      if (cut_) return false;
      const auto bytes = peer_.read_some();
      if (bytes.empty()) return false;
      BIO_write(SSL_get_rbio(stream_.get()), bytes.data(), static_cast<int>(bytes.size()));
      SSL_accept(stream_.get());
    }
    return !cut_;
  }
  std::size_t sent() const { return sent_; }

 private:
  // True when something was sent.
  bool flush() {
    char* data = nullptr;
    BIO* out = SSL_get_wbio(stream_.get());
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &data));
    if (size == 0) return false;
    const auto part = std::min(size, left_);
    peer_.send({data, part});
    sent_ += part;
    left_ -= part;
    cut_ = part < size;
    BIO_reset(out);
    return !cut_;
  }

  TestPeer& peer_;
  std::size_t left_;
  std::size_t sent_ = 0;
  bool cut_ = false;
  OpensslPtr<SSL_CTX> context_;
  OpensslPtr<SSL> stream_;
};

class HostileTlsTest : public testing::Test {
 protected:
  HostileTlsTest() { options_.ca_file = write_certificate(authority_, "hostile_tls_authority"); }
  ~HostileTlsTest() override { std::remove(options_.ca_file.c_str()); }

  static std::string url(const TestEndpoint& endpoint) { return "https://127.0.0.1:" + std::to_string(endpoint.port()) + "/"; }

  void serve_fine(TestPeer& peer) {
    TlsPeer tls(peer, identity_);
    if (!tls.shake_hands()) return;
    while (tls.read_request()) {
      if (!tls.send(kFine)) return;
    }
  }

  // The first connection gets the script; what follows must not notice.
  SendResult first_of(const TestEndpoint::Script& script, const std::string& name) {
    TestEndpoint endpoint([&](TestPeer& peer) {
      if (peer.number() == 1) return script(peer);
      serve_fine(peer);
    });
    TestClient client(options_);
    auto result = client.send({.url = url(endpoint)});
    const auto second = client.send({.url = url(endpoint)});
    EXPECT_TRUE(second.has_value()) << name;
    EXPECT_EQ(second ? second->body : "", "fine") << name;
    EXPECT_EQ(client.idle_connections(), 1U) << name;
    return result;
  }

  Identity authority_ = make_identity({.subject = "Authority", .authority = true});
  Identity identity_ = make_identity({}, &authority_);
  HttpClientOptions options_ = loopback_options();
};

TEST_F(HostileTlsTest, AHandshakeCutAfterAnyOfItsBytesIsATlsFailure) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::size_t whole = 0;
    (void)first_of(
        [&](TestPeer& peer) {
          CutTlsPeer tls(peer, identity_, version, 1 << 20);
          tls.first_flight();
          whole = tls.sent();
        },
        "whole");
    ASSERT_GT(whole, 500U);
    // A signature's length varies by a few bytes from one handshake to the next (ECDSA in DER).
    constexpr std::size_t kSignatureVariesBy = 16;
    for (std::size_t size = 1; size + kSignatureVariesBy < whole; size += 13) {
      const bool resets = size % 2 == 0;
      const auto name = (resets ? "reset after " : "closed after ") + std::to_string(size) + " of " + std::to_string(whole);
      const auto result = first_of(
          [&](TestPeer& peer) {
            CutTlsPeer tls(peer, identity_, version, size);
            EXPECT_FALSE(tls.first_flight());
            if (resets) peer.reset();
          },
          name);
      ASSERT_TRUE(result.has_error()) << name;
      EXPECT_EQ(result.error().kind, SendFailure::tls) << name << ": " << result.error().detail;
    }
  }
}

struct Fault {
  std::string name;
  TestEndpoint::Script script;
  SendFailure failure;
};

std::string record(char type, std::string_view body) {
  return std::string{type, '\x03', '\x03', static_cast<char>(body.size() >> 8), static_cast<char>(body.size() & 0xff)} +
         std::string(body);
}

TestEndpoint::Script after_hello(std::string once, std::string again = "") {
  return [once = std::move(once), again = std::move(again)](TestPeer& peer) {
    (void)peer.read_some();
    peer.send(once);
    if (again.empty()) return peer.wait_for_close();
    peer.send_for_ever(again);
  };
}

TEST_F(HostileTlsTest, GarbageInTheHandshakeIsATlsFailure) {
  const std::string long_message = "\x0b\xff\xff\xff"s + std::string(1000, 'c');  // a certificate list of 16 MB
  const std::vector<Fault> rows = {
      {"random bytes", after_hello("\x93\x1f\x88\x02\x45\xf0\x9a\x3c\x77"s), SendFailure::tls},
      {"a fatal alert", after_hello(record(21, "\x02\x28")), SendFailure::tls},
      {"application data", after_hello(record(23, "hello")), SendFailure::tls},
      {"an unknown record type", after_hello(record(99, "hello")), SendFailure::tls},
      {"a record too long", after_hello("\x16\x03\x03\xff\xff"s + std::string(1000, 'x')), SendFailure::tls},
      {"a message out of order", after_hello(record(22, "\x14\x00\x00\x0c" + std::string(12, 'f'))), SendFailure::tls},
      {"a message without end", after_hello(record(22, long_message), record(22, std::string(1000, 'c'))), SendFailure::tls},
      {"warnings without end", after_hello("", record(21, "\x01\x5a")), SendFailure::tls},
      {"empty records without end", after_hello("", record(22, "")), SendFailure::tls},
      {"SSL 2", after_hello("\x80\x2e\x04\x01\x00\x02"s + std::string(40, 's')), SendFailure::tls},
  };
  for (const auto& row : rows) {
    const auto result = first_of(row.script, row.name);
    ASSERT_TRUE(result.has_error()) << row.name;
    EXPECT_EQ(result.error().kind, row.failure) << row.name << ": " << result.error().detail;
    EXPECT_FALSE(result.error().detail.empty()) << row.name;
  }
}

TEST_F(HostileTlsTest, FaultsAfterTheHandshakeAreDisconnections) {
  const auto with_tls = [this](int version, const std::function<void(TestPeer&, TlsPeer&)>& then) -> TestEndpoint::Script {
    return [this, version, then](TestPeer& peer) {
      TlsPeer tls(peer, identity_, {.min_version = version, .max_version = version});
      if (tls.shake_hands() && tls.read_request()) then(peer, tls);
    };
  };
  const std::vector<Fault> rows = {
      {"plain text",
       with_tls(TLS1_3_VERSION,
                [](TestPeer& peer, TlsPeer&) {
                  peer.send(kFine);
                  peer.wait_for_close();
                }),
       SendFailure::disconnected},
      {"a record that was changed",
       with_tls(TLS1_3_VERSION,
                [](TestPeer& peer, TlsPeer&) {
                  peer.send(record(23, std::string(100, 'x')));
                  peer.wait_for_close();
                }),
       SendFailure::disconnected},
      {"a fatal alert",
       with_tls(TLS1_2_VERSION,
                [](TestPeer& peer, TlsPeer&) {
                  peer.send(record(21, "\x02\x28"));
                  peer.wait_for_close();
                }),
       SendFailure::disconnected},
      {"renegotiation",
       with_tls(TLS1_2_VERSION,
                [](TestPeer&, TlsPeer& tls) {
                  SSL_renegotiate(tls.stream());
                  SSL_do_handshake(tls.stream());
                  char byte = 0;
                  SSL_read(tls.stream(), &byte, 1);  // the client refuses
                }),
       SendFailure::disconnected},
      {"half an answer, then a reset",
       with_tls(TLS1_3_VERSION,
                [](TestPeer& peer, TlsPeer& tls) {
                  tls.send("HTTP/1.1 200 OK\r\nContent-");
                  peer.reset();
                }),
       SendFailure::disconnected},
  };
  for (const auto& row : rows) {
    const auto result = first_of(row.script, row.name);
    ASSERT_TRUE(result.has_error()) << row.name;
    EXPECT_EQ(result.error().kind, row.failure) << row.name << ": " << result.error().detail;
  }
}

TEST_F(HostileTlsTest, AnExtraAnswerDoesNotReachTheNextExchange) {
  TestEndpoint endpoint([&](TestPeer& peer) {
    if (peer.number() > 1) return serve_fine(peer);
    TlsPeer tls(peer, identity_);
    if (!tls.shake_hands() || !tls.read_request()) return;
    tls.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n");
    while (tls.read_request()) tls.send(kFine);
  });
  TestClient client(options_);
  EXPECT_EQ(client.send({.url = url(endpoint)})->body, "ok");
  EXPECT_EQ(client.send({.url = url(endpoint)})->body, "fine");
  EXPECT_EQ(endpoint.connections(), 2);
}

}  // namespace
}  // namespace posthorn::net
