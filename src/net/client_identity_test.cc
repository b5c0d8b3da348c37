#include "net/client_identity.h"

#include <gtest/gtest.h>

#include "net/certificates_for_tests.h"

namespace posthorn::net {
namespace {

struct Pems {
  Identity identity = make_identity({});
  std::string certificate = certificate_pem(identity);
  std::string key = key_pem(identity);
};

TEST(ClientIdentity, TakesACertificateItsChainAndItsKey) {
  const Pems own;
  const Pems issuer;
  for (const auto& certificate : {own.certificate, own.certificate + issuer.certificate, "a remark\n" + own.certificate}) {
    const auto made = ClientIdentity::make(certificate, own.key, "clientCertificate");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ((*made)->fingerprint().size(), 32U);
  }
}

TEST(ClientIdentity, HasAFingerprintOfItsOwn) {
  const Pems one;
  const Pems other;
  const auto first = ClientIdentity::make(one.certificate, one.key, "c").value();
  EXPECT_EQ(first->fingerprint(), ClientIdentity::make(one.certificate, one.key, "c").value()->fingerprint());
  EXPECT_NE(first->fingerprint(), ClientIdentity::make(other.certificate, other.key, "c").value()->fingerprint());
  const auto with_chain = ClientIdentity::make(one.certificate + other.certificate, one.key, "c").value();
  EXPECT_NE(first->fingerprint(), with_chain->fingerprint());
}

TEST(ClientIdentity, RefusesWhatCannotBeUsedAndNamesIt) {
  const Pems own;
  const Pems other;
  std::string chain;
  for (std::size_t i = 0; i <= kCertificatesOfChainMax; ++i) chain += own.certificate;
  auto damaged = own.certificate;
  damaged[damaged.size() / 2] = '!';
  const auto half = own.certificate + own.certificate.substr(0, own.certificate.size() / 2);
  struct Case {
    std::string name, certificate, key, field;
  };
  const std::vector<Case> cases{
      {"nothing", "", own.key, "certificate"},
      {"no PEM", "hello", own.key, "certificate"},
      {"a key as the certificate", own.key, own.key, "certificate"},
      {"a damaged certificate", damaged, own.key, "certificate"},
      {"half a chain", half, own.key, "certificate"},
      {"a long chain", chain, own.key, "certificate"},
      {"no key", own.certificate, "", "privateKey"},
      {"a certificate as the key", own.certificate, own.certificate, "privateKey"},
      {"a key of another", own.certificate, other.key, "privateKey"},
      {"the issuer first", other.certificate + own.certificate, own.key, "privateKey"},
      {"a key with a password", own.certificate, key_pem(own.identity, "secret"), "privateKey"},
  };
  for (const auto& row : cases) {
    const auto made = ClientIdentity::make(row.certificate, row.key, "clientCertificate");
    ASSERT_FALSE(made) << row.name;
    EXPECT_EQ(made.error().kind, ErrorKind::invalid_argument) << row.name;
    EXPECT_EQ(made.error().field, "clientCertificate/" + row.field) << row.name << ": " << made.error().message;
  }
}

}  // namespace
}  // namespace posthorn::net
