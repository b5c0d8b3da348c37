#include "domain/access/issuer.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace posthorn::domain {
namespace {

constexpr std::string_view kGood =
    R"({"name":"Entra","issuer":"https://login.example/tid/v2.0","audiences":["api://posthorn"],)"
    R"("jwksUrl":"https://login.example/keys","rolesClaim":"roles",)"
    R"("roleMapping":{"Webhooks.Admin":"webhook_admin","Webhooks.Read":"viewer"},)"
    R"("tenantClaim":"tid","tenantMapping":{"guid-1":"acme"}})";

Result<IssuerSettings> read(std::string_view text) {
  auto settings = read_issuer(boost::json::parse(text).get_object(), IssuerSettings());
  if (!settings) return settings;
  if (auto checked = check_issuer(*settings); !checked) return std::move(checked).error();
  return settings;
}

TEST(ReadIssuer, SurvivesTheWayThroughTheStore) {
  const auto settings = read(kGood);
  ASSERT_TRUE(settings);
  EXPECT_TRUE(*decode_issuer(encode_issuer(*settings)) == *settings);
  EXPECT_EQ(settings->algorithms, (std::vector<std::string>{"RS256", "ES256", "EdDSA"}));
}

TEST(ReadIssuer, RefusesBadValuesByTheirPlace) {
  const auto with = [](std::string_view member, std::string_view value) {
    auto object = boost::json::parse(kGood).get_object();
    object[member] = boost::json::parse(value);
    auto settings = read_issuer(object, IssuerSettings());
    Status checked = settings ? check_issuer(*settings) : Status(settings.error());
    return checked ? std::string("accepted") : checked.error().field;
  };
  EXPECT_EQ(with("name", "\"x\""), "accepted");
  EXPECT_EQ(with("issuer", "\"\""), "issuer");
  EXPECT_EQ(with("issuer", "1"), "issuer");
  EXPECT_EQ(with("audiences", "[]"), "audiences");
  EXPECT_EQ(with("audiences", "[\"a\",1]"), "audiences/1");
  EXPECT_EQ(with("jwksUrl", "\"ftp://a/\""), "jwksUrl");
  EXPECT_EQ(with("jwksUrl", "\"http://keys.example/\""), "jwksUrl");
  EXPECT_EQ(with("jwksUrl", "\"http://127.0.0.1:8000/keys\""), "accepted");
  EXPECT_EQ(with("algorithms", "[\"HS256\"]"), "algorithms/0");
  EXPECT_EQ(with("algorithms", "[\"RS256\",\"none\"]"), "algorithms/1");
  EXPECT_EQ(with("algorithms", "[]"), "algorithms");
  EXPECT_EQ(with("roles", "[\"root\"]"), "roles/0");
  EXPECT_EQ(with("roleMapping", "{\"a\":\"root\"}"), "roleMapping/a");
  EXPECT_EQ(with("roleMapping", "[]"), "roleMapping");
  EXPECT_EQ(with("rolesClaim", "\"\""), "roles");
  EXPECT_EQ(with("tenantClaim", "\"\""), "tenantClaim");
  EXPECT_EQ(with("tenantMapping", "{\"a\":\"not a name\"}"), "tenantMapping/a");
  EXPECT_EQ(with("keys", "1"), "keys");
}

// "roles | tenant", or the refusal's code.
std::string mapped(std::string_view settings, std::string_view claims) {
  const auto read_settings = read(settings);
  EXPECT_TRUE(read_settings) << settings;
  const auto result = map_claims(*read_settings, boost::json::parse(claims).get_object());
  if (!result) return std::string(result.error().code);
  return to_text(result->roles) + " | " + result->tenant;
}

TEST(MapClaims, TurnsClaimsIntoRolesAndTenant) {
  EXPECT_EQ(mapped(kGood, R"({"roles":["Webhooks.Read","Webhooks.Admin","Other"],"tid":"guid-1"})"),
            "webhook_admin viewer | acme");
  EXPECT_EQ(mapped(kGood, R"({"roles":"Webhooks.Read x","tid":"guid-1"})"), "viewer | acme");
}

TEST(MapClaims, RefusesTokensThatSayTooLittle) {
  for (const std::string_view claims :
       {R"({"tid":"guid-1"})", R"({"roles":[],"tid":"guid-1"})", R"({"roles":["viewer"],"tid":"guid-1"})",
        R"({"roles":[1,null],"tid":"guid-1"})", R"({"roles":{"Webhooks.Read":true},"tid":"guid-1"})",
        R"({"roles":["Webhooks.Read"]})", R"({"roles":["Webhooks.Read"],"tid":"guid-2"})",
        R"({"roles":["Webhooks.Read"],"tid":["guid-1"]})", R"({"roles":["webhooks.read"],"tid":"guid-1"})"}) {
    EXPECT_EQ(mapped(kGood, claims), "unmapped_token") << claims;
  }
}

TEST(MapClaims, ReadsNestedClaimsNamesWithDotsAndFixedRoles) {
  const std::string base = R"({"issuer":"i","audiences":["a"],"jwksUrl":"https://k.example/",)";
  EXPECT_EQ(mapped(base + R"("rolesClaim":"/realm_access/roles"})", R"({"realm_access":{"roles":["publisher","x"]}})"),
            "publisher | ");
  EXPECT_EQ(mapped(base + R"("rolesClaim":"/realm_access/roles"})", R"({"realm_access":["publisher"]})"), "unmapped_token");
  EXPECT_EQ(mapped(base + R"("rolesClaim":"https://acme.example/roles"})", R"({"https://acme.example/roles":["viewer"]})"),
            "viewer | ");
  EXPECT_EQ(mapped(base + R"("roles":["worker"]})", "{}"), "worker | ");
  EXPECT_EQ(mapped(base + R"("roles":["worker"],"tenantClaim":"org"})", R"({"org":"acme"})"), "worker | acme");
  EXPECT_EQ(mapped(base + R"("roles":["worker"],"tenantClaim":"org"})", R"({"org":""})"), "unmapped_token");
}

}  // namespace
}  // namespace posthorn::domain
