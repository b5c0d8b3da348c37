#include "domain/outbound/authentication_document.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "net/certificates_for_tests.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using AuthenticationKind = EndpointAuthentication::Kind;

bj::object object(std::string_view text) { return bj::parse(bj::string_view(text.data(), text.size())).get_object(); }

Result<SubscriptionSecrets> read(std::string_view text, const SubscriptionSecrets& stored = {}) {
  return read_authentication(object(text), stored, stored);
}

std::string shown(const SubscriptionSecrets& secrets) {
  bj::object out;
  write_authentication(secrets, out);
  return bj::serialize(out);
}

constexpr std::string_view kBasic = R"({"authentication":{"type":"basic","username":"u","password":"p w"}})";
constexpr std::string_view kBearer = R"({"authentication":{"type":"bearer","token":"abc.def"}})";
constexpr std::string_view kOauth2 =
    R"({"authentication":{"type":"oauth2","tokenUrl":"https://login.example/token","clientId":"id","clientSecret":"hush","scope":"a b"}})";

TEST(AuthenticationDocument, ReadsEachKind) {
  const auto basic = read(kBasic).value().authentication;
  EXPECT_EQ(basic.kind, AuthenticationKind::basic);
  EXPECT_EQ(basic.username, "u");
  EXPECT_EQ(basic.password, "p w");
  const auto bearer = read(kBearer).value().authentication;
  EXPECT_EQ(bearer.kind, AuthenticationKind::bearer);
  EXPECT_EQ(bearer.token, "abc.def");
  const auto oauth2 = read(kOauth2).value().authentication;
  EXPECT_EQ(oauth2.kind, AuthenticationKind::oauth2);
  EXPECT_EQ(oauth2.token_url, "https://login.example/token");
  EXPECT_EQ(oauth2.client_id, "id");
  EXPECT_EQ(oauth2.client_secret, "hush");
  EXPECT_EQ(oauth2.scope, "a b");
  EXPECT_EQ(oauth2.client_authentication, EndpointAuthentication::ClientAuthentication::basic);
}

TEST(AuthenticationDocument, ShowsEverythingButSecrets) {
  struct Case {
    std::string_view written, shown;
  };
  const Case cases[] = {
      {"{}", R"({"authentication":null,"secretHeaders":{},"clientCertificate":null})"},
      {kBasic,
       R"({"authentication":{"type":"basic","username":"u","password":"***"},"secretHeaders":{},"clientCertificate":null})"},
      {kBearer, R"({"authentication":{"type":"bearer","token":"***"},"secretHeaders":{},"clientCertificate":null})"},
      {kOauth2,
       R"({"authentication":{"type":"oauth2","tokenUrl":"https://login.example/token","clientId":"id","clientSecret":"***","scope":"a b","clientAuthentication":"basic"},"secretHeaders":{},"clientCertificate":null})"},
      {R"({"secretHeaders":{"api-key":"k","X-B":"v"}})",
       R"({"authentication":null,"secretHeaders":{"api-key":"***","X-B":"***"},"clientCertificate":null})"},
  };
  for (const auto& row : cases) EXPECT_EQ(shown(read(row.written).value()), row.shown);
}

TEST(AuthenticationDocument, WhatAReadShowsKeepsWhatIsStored) {
  const auto identity = net::make_identity({});
  bj::object written = object(R"({"secretHeaders":{"api-key":"k","X-B":"v"}})");
  written["clientCertificate"] =
      bj::object{{"certificate", net::certificate_pem(identity)}, {"privateKey", net::key_pem(identity)}};
  for (const auto kind : {kBasic, kBearer, kOauth2}) {
    written["authentication"] = object(kind)["authentication"];
    const auto stored = read_authentication(written, {}, {}).value();
    // Over nothing, as PUT does.
    const auto again = read_authentication(object(shown(stored)), {}, stored);
    ASSERT_TRUE(again) << again.error().field << ": " << again.error().message;
    EXPECT_EQ(*again, stored);
    EXPECT_EQ(shown(stored).find("PRIVATE"), std::string::npos);
  }
}

TEST(AuthenticationDocument, AbsentMembersStayAndNullRemoves) {
  const auto identity = net::make_identity({});
  bj::object written = object(R"({"secretHeaders":{"api-key":"k"}})");
  written["authentication"] = object(kBasic)["authentication"];
  written["clientCertificate"] =
      bj::object{{"certificate", net::certificate_pem(identity)}, {"privateKey", net::key_pem(identity)}};
  const auto stored = read_authentication(written, {}, {}).value();
  EXPECT_EQ(read("{}", stored).value(), stored);
  EXPECT_EQ(read(R"({"authentication":null,"secretHeaders":{},"clientCertificate":null})", stored).value(),
            SubscriptionSecrets());
  const auto less = read(R"({"clientCertificate":null,"secretHeaders":{"API-KEY":"***","n":"new"}})", stored).value();
  EXPECT_EQ(less.authentication, stored.authentication);
  EXPECT_FALSE(less.client_certificate);
  EXPECT_EQ(less.headers, (std::vector<Header>{{"API-KEY", "k"}, {"n", "new"}}));
}

TEST(AuthenticationDocument, NamesTheMemberOfEachMistakeAndRepeatsNoSecret) {
  struct Case {
    std::string_view text, field;
  };
  const Case cases[] = {
      {R"({"authentication":5})", "authentication"},
      {R"({"authentication":{}})", "authentication/type"},
      {R"({"authentication":{"type":"none"}})", "authentication/type"},
      {R"({"authentication":{"type":"digest"}})", "authentication/type"},
      {R"({"authentication":{"type":"basic","password":"SECRET"}})", "authentication/username"},
      {R"({"authentication":{"type":"basic","username":"a:b","password":"SECRET"}})", "authentication/username"},
      {R"({"authentication":{"type":"basic","username":"u"}})", "authentication/password"},
      {R"({"authentication":{"type":"basic","username":"u","password":""}})", "authentication/password"},
      {R"({"authentication":{"type":"basic","username":"u","password":"SECRET\r\n"}})", "authentication/password"},
      {R"({"authentication":{"type":"basic","username":"u","password":"SECRET","token":"x"}})", "authentication/token"},
      {R"({"authentication":{"type":"basic","username":"u","password":"***"}})", "authentication/password"},
      {R"({"authentication":{"type":"bearer"}})", "authentication/token"},
      {R"({"authentication":{"type":"bearer","token":"SECRET SECRET"}})", "authentication/token"},
      {R"({"authentication":{"type":"bearer","token":"SECRET\u00e4"}})", "authentication/token"},
      {R"({"authentication":{"type":"bearer","token":7}})", "authentication/token"},
      {R"({"authentication":{"type":"oauth2","clientId":"i","clientSecret":"SECRET"}})", "authentication/tokenUrl"},
      {R"({"authentication":{"type":"oauth2","tokenUrl":"ftp://x/","clientId":"i","clientSecret":"SECRET"}})",
       "authentication/tokenUrl"},
      {R"({"authentication":{"type":"oauth2","tokenUrl":"https://a.example/","clientSecret":"SECRET"}})",
       "authentication/clientId"},
      {R"({"authentication":{"type":"oauth2","tokenUrl":"https://a.example/","clientId":"i"}})", "authentication/clientSecret"},
      {R"({"authentication":{"type":"oauth2","tokenUrl":"https://a.example/","clientId":"i","clientSecret":"SECRET","scope":5}})",
       "authentication/scope"},
      {R"({"authentication":{"type":"oauth2","tokenUrl":"https://a.example/","clientId":"i","clientSecret":"SECRET","clientAuthentication":"x"}})",
       "authentication/clientAuthentication"},
      {R"({"secretHeaders":[]})", "secretHeaders"},
      {R"({"secretHeaders":{"a b":"SECRET"}})", "secretHeaders/a b"},
      {R"({"secretHeaders":{"Host":"SECRET"}})", "secretHeaders/Host"},
      {R"({"secretHeaders":{"webhook-id":"SECRET"}})", "secretHeaders/webhook-id"},
      {R"({"secretHeaders":{"a":"SECRET\n"}})", "secretHeaders/a"},
      {R"({"secretHeaders":{"a":"***"}})", "secretHeaders/a"},
      {R"({"clientCertificate":{"certificate":"x"}})", "clientCertificate/privateKey"},
      {R"({"clientCertificate":{"certificate":"x","privateKey":"SECRET"}})", "clientCertificate/certificate"},
      {R"({"clientCertificate":{"certificate":"x","privateKey":"***"}})", "clientCertificate/privateKey"},
      {R"({"clientCertificate":{"certificate":"x","privateKey":"SECRET","more":1}})", "clientCertificate/more"},
  };
  for (const auto& row : cases) {
    const auto result = read(row.text);
    ASSERT_FALSE(result) << row.text;
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_argument) << row.text;
    EXPECT_EQ(result.error().field, row.field) << row.text;
    EXPECT_EQ(result.error().message.find("SECRET"), std::string::npos) << result.error().message;
  }
}

TEST(AuthenticationDocument, BoundsEachValue) {
  const std::string longest(kCredentialBytesMax, 'x');
  const auto bearer = [](const std::string& token) {
    return read(bj::serialize(bj::object{{"authentication", bj::object{{"type", "bearer"}, {"token", token}}}}));
  };
  EXPECT_TRUE(bearer(longest));
  EXPECT_FALSE(bearer(longest + "x"));
}

TEST(AuthenticationDocument, AStoredClientSecretIsNotSentToAnotherTokenServer) {
  const auto stored = read(kOauth2).value();
  const auto with_url = [&](std::string_view url, std::string_view secret) {
    return read(R"({"authentication":{"type":"oauth2","clientId":"id","tokenUrl":")" + std::string(url) +
                    R"(","clientSecret":")" + std::string(secret) + "\"}}",
                stored);
  };
  EXPECT_TRUE(with_url("https://login.example/other", "***"));
  for (const auto url : {"https://evil.example/token", "http://login.example/token", "https://login.example:444/token"}) {
    const auto moved = with_url(url, "***");
    ASSERT_FALSE(moved) << url;
    EXPECT_EQ(moved.error().field, "authentication/clientSecret");
    EXPECT_TRUE(with_url(url, "hush")) << "given anew, it may go anywhere";
  }
}

TEST(AuthenticationDocument, AKeyThatDoesNotFitItsCertificateIsRefused) {
  const auto identity = net::make_identity({});
  const auto other = net::make_identity({});
  const auto write = [](const net::Identity& certificate, const net::Identity& key) {
    bj::object parts{{"certificate", net::certificate_pem(certificate)}, {"privateKey", net::key_pem(key)}};
    return read_authentication(bj::object{{"clientCertificate", std::move(parts)}}, {}, {});
  };
  EXPECT_TRUE(write(identity, identity));
  const auto refused = write(identity, other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "clientCertificate/privateKey");
  // A new certificate with the stored key: the same check.
  const auto stored = write(identity, identity).value();
  bj::object parts{{"certificate", net::certificate_pem(other)}, {"privateKey", "***"}};
  const auto changed = read_authentication(bj::object{{"clientCertificate", std::move(parts)}}, stored, stored);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().field, "clientCertificate/privateKey");
}

TEST(AuthenticationDocument, NoHeaderComesFromTwoPlaces) {
  struct Case {
    std::vector<Header> headers, hidden;
    AuthenticationKind kind;
    std::string field;  // empty: good
  };
  const Case cases[] = {
      {{{"a", "1"}}, {{"b", "2"}}, AuthenticationKind::basic, ""},
      {{{"Authorization", "x"}}, {}, AuthenticationKind::none, ""},
      {{}, {{"authorization", "x"}}, AuthenticationKind::none, ""},
      {{{"Authorization", "x"}}, {}, AuthenticationKind::bearer, "headers/Authorization"},
      {{}, {{"authorization", "x"}}, AuthenticationKind::oauth2, "secretHeaders/authorization"},
      {{{"api-key", "x"}}, {{"API-Key", "x"}}, AuthenticationKind::none, "secretHeaders/API-Key"},
  };
  for (const auto& row : cases) {
    SubscriptionSettings settings;
    settings.headers = row.headers;
    SubscriptionSecrets secrets;
    secrets.headers = row.hidden;
    secrets.authentication.kind = row.kind;
    const auto checked = check_authentication(settings, secrets);
    EXPECT_EQ(checked.has_value(), row.field.empty());
    EXPECT_EQ(checked ? "" : checked.error().field, row.field);
  }
}

}  // namespace
}  // namespace posthorn::domain
