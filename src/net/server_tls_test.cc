#include "net/server_tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>

#include "net/http_server_for_tests.h"

namespace posthorn::net {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;

void write_pem(const std::string& path, const std::function<int(BIO*)>& write) {
  BIO* file = BIO_new_file(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(write(file), 1);
  BIO_free(file);
}

// A self-signed certificate for 127.0.0.1 with this common name, in the files.
void make_certificate(const TlsFiles& files, const std::string& name) {
  const KeyPtr key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const CertificatePtr certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  ASSERT_NE(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  write_pem(files.certificate_file, [&](BIO* file) { return PEM_write_bio_X509(file, certificate.get()); });
  write_pem(files.key_file,
            [&](BIO* file) { return PEM_write_bio_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

struct Folder {
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "posthorn-tls-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  TlsFiles files(const std::string& stem) const {
    return {(path / (stem + ".crt")).string(), (path / (stem + ".key")).string()};
  }
  std::filesystem::path path;
};

// A blocking TLS client over a RawClient's socket.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int greatest_version = TLS1_3_VERSION, const char* ciphers = nullptr,
                     std::string_view protocols = "\x02h2\x08http/1.1")
      : socket_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), greatest_version);
    if (ciphers != nullptr) SSL_CTX_set_cipher_list(context_.get(), ciphers);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned int>(protocols.size()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    ERR_clear_error();
    connected_ = SSL_connect(ssl_.get()) == 1;
    if (!connected_) alert_ = ERR_GET_REASON(ERR_peek_last_error()) - SSL_AD_REASON_OFFSET;
  }

  bool connected() const { return connected_; }
  // The alert that ended the handshake.
  int alert() const { return alert_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  std::string certificate_name() const {
    const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
    return name;
  }
  void send(std::string_view bytes) { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }
  RawAnswer answer() {
    for (;;) {
      if (auto complete = take_answer(bytes_)) return *complete;
      if (!receive()) return {};
    }
  }
  // Whether the server ends the connection as TLS demands.
  bool closed_by_server() {
    while (receive()) {
    }
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  bool receive() {
    char buffer[16 * 1024];
    const int count = SSL_read(ssl_.get(), buffer, sizeof buffer);
    if (count <= 0) return false;
    bytes_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  RawClient socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool connected_ = false;
  int alert_ = 0;
  std::string bytes_;
};

struct TlsServer : testing::Test {
  TlsServer() {
    make_certificate(files, "first");
    HttpServerOptions options;
    options.tls = files;
    options.limits.sweep_interval = Milliseconds(5);
    running.emplace(options);
  }
  Folder folder;
  TlsFiles files = folder.files("server");
  std::optional<RunningServer> running;
};

TEST_F(TlsServer, ServesRequests) {
  TlsClient client(running->port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.protocol(), "http/1.1");
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.answer().body, "GET /a   [0]");
  EXPECT_EQ(client.answer().body, "GET /b   [0]");
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.answer().body.size(), 8U * 1024 * 1024);
  client.send("POST /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n");
  client.send(std::string(90'000, 'b'));
  EXPECT_TRUE(client.answer().body.ends_with("[90000]"));
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(TlsServer, RefusesWhatIsOlderThanTls12AndCiphersWithoutForwardSecrecy) {
  EXPECT_FALSE(TlsClient(running->port(), TLS1_1_VERSION).connected());
  EXPECT_FALSE(TlsClient(running->port(), TLS1_VERSION).connected());
  EXPECT_FALSE(TlsClient(running->port(), TLS1_2_VERSION, "AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA").connected());
  TlsClient client(running->port(), TLS1_2_VERSION);
  EXPECT_TRUE(client.connected());
  EXPECT_EQ(client.version(), "TLSv1.2");
}

TEST_F(TlsServer, TellsAClientThatSpeaksOnlyOtherProtocols) {
  const TlsClient other(running->port(), TLS1_3_VERSION, nullptr, "\x02h2");
  EXPECT_FALSE(other.connected());
  EXPECT_EQ(other.alert(), SSL_AD_NO_APPLICATION_PROTOCOL);
  const TlsClient silent(running->port(), TLS1_3_VERSION, nullptr, "");
  EXPECT_TRUE(silent.connected());
  EXPECT_EQ(silent.protocol(), "");
}

TEST_F(TlsServer, ReloadsItsCertificateForNewConnections) {
  TlsClient before(running->port());
  EXPECT_EQ(before.certificate_name(), "first");
  make_certificate(files, "second");
  ASSERT_TRUE(running->server.reload_tls());
  TlsClient after(running->port());
  EXPECT_EQ(after.certificate_name(), "second");
  before.send("GET /still HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(before.answer().body, "GET /still   [0]");
}

TEST_F(TlsServer, KeepsTheOldCertificateWhenAFileIsBad) {
  std::ofstream(files.certificate_file) << "no certificate";
  const auto status = running->server.reload_tls();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find(files.certificate_file), std::string::npos);
  EXPECT_EQ(TlsClient(running->port()).certificate_name(), "first");
}

TEST_F(TlsServer, CutsAHandshakeThatDoesNotEnd) {
  HttpServerOptions options;
  options.tls = files;
  options.limits.sweep_interval = Milliseconds(5);
  options.limits.head_time = Milliseconds(30);
  RunningServer hasty(options);
  RawClient client(hasty.port());
  client.send("\x16\x03\x01");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(TlsServer, AnswersPlainTextWithNoHttp) {
  RawClient client(running->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.closed_by_server();
  EXPECT_EQ(client.bytes().find("HTTP/1.1"), std::string::npos);
}

TEST_F(TlsServer, AnswersASlowHeadAndThenCloses) {
  HttpServerOptions options = patient_options();
  options.tls = files;
  options.limits.sweep_interval = Milliseconds(5);
  // All but the time for a head is long enough not to end while the clock is moved.
  options.limits.idle_time = options.limits.write_time = options.limits.linger_time = std::chrono::hours(24);
  Loop loop("test");
  loop.start();
  EchoService service;
  ManualClock clock;
  HttpServer server(loop, service, clock, options);
  ASSERT_TRUE(server.start());
  {
    TlsClient client(server.port());
    client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_EQ(client.answer().status, 200);  // the server too has ended the handshake, which has the same time
    client.send("GET / HTTP/1.1\r\n");
    const ClockMover mover(loop, clock, std::chrono::seconds(11));
    EXPECT_EQ(client.answer().status, 408);
    EXPECT_TRUE(client.closed_by_server());
  }
  server.stop(Milliseconds(0));
  loop.stop();
}

TEST_F(TlsServer, StopsWithOpenConnections) {
  TlsClient client(running->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.answer().status, 200);
  running->server.stop(std::chrono::seconds(60));
  EXPECT_EQ(running->server.connections(), 0U);
}

TEST(ServerTls, NamesTheFileThatIsAtFault) {
  const Folder folder;
  const auto good = folder.files("good");
  const auto other = folder.files("other");
  make_certificate(good, "good");
  make_certificate(other, "other");
  const auto missing = folder.files("missing");
  EXPECT_TRUE(make_server_tls(good));
  const struct {
    TlsFiles files;
    const char* field;
    std::string named;
  } rows[] = {
      {missing, "tls/certificateFile", missing.certificate_file},
      {{good.certificate_file, missing.key_file}, "tls/keyFile", missing.key_file},
      {{good.certificate_file, good.certificate_file}, "tls/keyFile", good.certificate_file},
      {{good.certificate_file, other.key_file}, "tls/keyFile", other.key_file},
      {{good.key_file, good.key_file}, "tls/certificateFile", good.key_file},
  };
  for (const auto& row : rows) {
    const auto made = make_server_tls(row.files);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().field, row.field);
    EXPECT_NE(made.error().message.find(row.named), std::string::npos) << made.error().message;
  }
}

}  // namespace
}  // namespace posthorn::net
