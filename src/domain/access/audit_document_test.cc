#include "domain/access/audit_document.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace posthorn::domain {
namespace {

TEST(AuditDocument, MasksWhateverSpeaksOfSecrets) {
  const auto object = boost::json::parse(R"({"url":"https://a.example/","headers":{"Authorization":"Bearer x"},
    "requestHeaders":{"k":"v"},"clientSecret":"s","nested":[{"apiToken":"t","plain":1}],"authentication":{"type":"basic",
    "user":"u","password":"p"},"enabled":true})");
  EXPECT_EQ(audit_document(object.get_object()),
            R"({"url":"https://a.example/","headers":{"Authorization":"***"},"requestHeaders":{"k":"***"},)"
            R"("clientSecret":"***","nested":[{"apiToken":"***","plain":1}],)"
            R"("authentication":{"type":"***","user":"***","password":"***"},"enabled":true})");
}

TEST(AuditDocument, KeepsOfALongOneItsSizeAndDigest) {
  const std::string text = audit_document(boost::json::object{{"schema", std::string(20'000, 'x')}});
  EXPECT_TRUE(text.starts_with(R"({"bytes":20013,"sha256":")")) << text;
  EXPECT_LT(text.size(), 120u);
}

TEST(AuditDocument, ShowsSubscriptionsWithoutSecretOrHeaderValues) {
  Subscription subscription;
  subscription.sealed_secret = "sealed";
  subscription.settings.url = "https://a.example/";
  subscription.settings.headers = {{"X-Key", "very secret"}};
  subscription.disabled_reason = "gone";
  const std::string text = audit_document(subscription);
  EXPECT_EQ(text.find("sealed"), std::string::npos);
  EXPECT_EQ(text.find("very secret"), std::string::npos);
  EXPECT_NE(text.find(R"("X-Key":"***")"), std::string::npos);
  EXPECT_NE(text.find(R"("disabledReason":"gone")"), std::string::npos);
}

TEST(AuditDocument, ShowsAccountsAndGrantsWithoutHashes) {
  Account account;
  account.kind = AccountKind::key;
  account.name = "ci";
  account.roles = {Role::publisher, Role::viewer};
  account.expires = Timestamp(Milliseconds(1'700'000'000'000));
  EXPECT_EQ(audit_document(account), R"({"name":"ci","roles":["publisher","viewer"],"expiresAt":"2023-11-14T22:13:20.000Z"})");
  account.kind = AccountKind::client;
  EXPECT_EQ(audit_document(account), R"({"name":"ci","roles":["publisher","viewer"]})");
  Grant grant;
  grant.principal = "somebody";
  EXPECT_TRUE(audit_document(grant).starts_with(R"({"principal":"somebody","object":{"kind":"subscription","id":")"));
}

TEST(AuditDocument, ShowsTenantsTopicsAndScopes) {
  Tenant tenant;
  tenant.display_name = "Acme";
  tenant.settings = R"({"plan":"gold","apiSecret":"x"})";
  EXPECT_EQ(audit_document(tenant), R"({"name":"Acme","webhooksEnabled":false,"settings":{"plan":"gold","apiSecret":"***"}})");
  Topic topic;
  topic.description = "d";
  EXPECT_EQ(audit_document(topic), R"({"description":"d","schema":null,"example":null})");
  Scope scope;
  scope.display_name = "North";
  EXPECT_EQ(audit_document(scope), R"({"name":"North"})");
}

}  // namespace
}  // namespace posthorn::domain
