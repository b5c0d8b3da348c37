// Tokens as attackers make them. Every row is refused, for its own reason; the last test shows that the same check lets the
// right ones through.
#include "jwt/check.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/text.h"
#include "crypto/crypto.h"

namespace posthorn::jwt {
namespace {

// Made once with OpenSSL's command line; their private keys were thrown away.
constexpr std::string_view kRsaModulus =
    "rf-QatX3h1KEsBGyMV2g3kRIK8Vv80CGWckhyzH3rYTjJ9-Eo6GzR9RBKQuAxhexVw6uOfnf6uNLl3Cla1s6Zk4naj7TXfLEHaTF"
    "IHJg1cbBZ3VNZXc3zdbY8Aqbgkmgc836m-fjx8DFi5b2yg7uc9hK3OwN_YMPKLFCz3i_W2serqP4J-iuNihp20Hh2vL1WSs1fTa9"
    "2bm2BxbihjrIeDIf7GPaONqLM3UM50dZfdvZbw1bWEMvIeOLWS8p8SJv7-BoE6qp_z3pLkmMikqBSCLZZ8hmYzaH9sc_-1Aw0Q8c"
    "heL4J_A1KX471Rfc3R-gSmAztBFEJv7bJng2-fr3bQ";
constexpr std::string_view kRsaToken =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3V"
    "iIjoic29tZW9uZSIsImF1ZCI6InBvc3Rob3JuIiwiZXhwIjoyMDAwMDAwMDAwfQ.Szdnde_6euqCbtT6myAy1sRVMM1LpVQ_14rB"
    "9_ZVeAYS4wYszaMaMdyUODcYS2vXSm_u70MisOhja6gyewjsX_BTsvkK4nj0a42n84AXwTNG12lj2k6yDTxrvdabv7yIc4hdR0d2"
    "mcJmTRXtxyw7ZVWpcUfv_VunUfXRhwYfwddFVOHKXGQRWmLfGjhZ-oWo2ntkG_LXsE4-cKEEBBaNSeFNdjChH7hJVu3s6sUDJUaH"
    "qvwT2AxreaAOY5vDcMFnneaSfc811adAPov-RifIZK8-rMAA3rsLCxcq7ElppUmud7IFgnFoqmJ_W0YtkE4CXMuKxkC_NKS2aNeN"
    "rwxZ6w";
constexpr std::string_view kEdKey = "8KJdO2BJmbdfLIGnMrYCzsyKLtyRM1SAqoODZi5Ont8";
constexpr std::string_view kEdToken =
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3Vi"
    "Ijoic29tZW9uZSIsImF1ZCI6InBvc3Rob3JuIiwiZXhwIjoyMDAwMDAwMDAwfQ.0OkyJ2dYo9ew5uoJ2FwBfFAgXGAgv9HHySfKi"
    "i4GQsm8uFUioR7Rxiub6wduXmKRL6SjswKIUcajwgOwmYolAA";

constexpr Timestamp kNow{Milliseconds(1'700'000'000'000)};

std::string base64url(std::string_view text) { return base64url_encode(text); }

const crypto::PrivateKey& our_key() {
  static const crypto::PrivateKey key = crypto::PrivateKey::generate();
  return key;
}

KeySet our_keys() {
  std::vector<VerifyingKey> keys;
  keys.push_back({"ours", our_key().public_key()});
  keys.push_back({"rsa", *crypto::PublicKey::rs256(*base64url_decode(kRsaModulus), std::string("\x01\x00\x01", 3))});
  keys.push_back({"ed", *crypto::PublicKey::eddsa(*base64url_decode(kEdKey))});
  return KeySet(std::move(keys));
}

Expectation expected() {
  using enum crypto::SignatureAlgorithm;
  return {"https://issuer.example", {"posthorn", "other"}, {es256, rs256, eddsa}, {}};
}

constexpr std::string_view kHeader = R"({"alg":"ES256","typ":"JWT","kid":"ours"})";
constexpr std::string_view kClaims =
    R"({"iss":"https://issuer.example","sub":"someone","aud":"posthorn","iat":1700000000,"nbf":1700000000,"exp":1700003600})";

std::string signed_with(const crypto::PrivateKey& key, std::string_view header, std::string_view claims) {
  const std::string text = base64url(header) + '.' + base64url(claims);
  return text + '.' + base64url(key.sign(text));
}
std::string token_of(std::string_view header, std::string_view claims = kClaims) {
  return signed_with(our_key(), header, claims);
}
std::string with_claims(std::string_view claims) { return token_of(kHeader, claims); }

// "accepted", or why not.
std::string_view verdict(std::string_view text, const Expectation& expectation = expected(), Timestamp now = kNow) {
  const auto token = parse_token(text);
  if (!token) return to_text(token.error());
  if (const auto checked = check_claims(*token, expectation, now); !checked) return to_text(checked.error());
  if (const auto checked = check_signature(*token, our_keys()); !checked) return to_text(checked.error());
  return "accepted";
}

std::string der_signed() {
  const std::string text = base64url(kHeader) + '.' + base64url(kClaims);
  const std::string raw = our_key().sign(text);
  const std::string der =
      std::string("\x30\x46\x02\x21\x00", 5) + raw.substr(0, 32) + std::string("\x02\x21\x00", 3) + raw.substr(32);
  return text + '.' + base64url(der);
}

// The public key's bytes as an HMAC key: what alg=HS256 turns a careless verifier into.
std::string hmac_confused() {
  const std::string text = base64url(R"({"alg":"HS256","kid":"ours"})") + '.' + base64url(kClaims);
  crypto::HmacSha256 mac(our_key().point().x + our_key().point().y);
  const auto signature = mac.sign({text});
  return text + '.' + base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

std::string changed(std::string token, std::size_t part, std::string_view with) {
  std::vector<std::string> parts;
  for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + 1) {
    end = token.find('.', at);
    parts.push_back(token.substr(at, end - at));
  }
  parts[part] = with;
  return parts[0] + '.' + parts[1] + '.' + parts[2];
}

struct Hostile {
  std::string_view name;
  std::string token;
  Fault fault;
};

std::vector<Hostile> hostile_forms() {
  const std::string good = token_of(kHeader);
  const std::string none = base64url(R"({"alg":"none"})") + '.' + base64url(kClaims) + '.';
  return {
      {"nothing", "", Fault::malformed},
      {"no dots", "abc", Fault::malformed},
      {"two parts", good.substr(0, good.rfind('.')), Fault::malformed},
      {"four parts", good + ".x", Fault::malformed},
      {"five parts, as an encrypted token has", "a.b.c.d.e", Fault::malformed},
      {"empty parts", "..", Fault::malformed},
      {"huge", good + std::string(kTokenBytesMax, 'A'), Fault::too_large},
      {"a space before", " " + good, Fault::malformed},
      {"a line end behind", good + "\n", Fault::malformed},
      {"padding", good + "==", Fault::malformed},
      {"the other base64 alphabet", changed(good, 0, "e+/9"), Fault::malformed},
      {"header is no JSON", changed(good, 0, base64url("alg")), Fault::malformed},
      {"header is a list", changed(good, 0, base64url("[]")), Fault::malformed},
      {"header is not UTF-8", changed(good, 0, base64url("{\"alg\":\"\xff\"}")), Fault::malformed},
      {"claims are no JSON", changed(good, 1, base64url("{")), Fault::malformed},
      {"claims are text", changed(good, 1, base64url("\"x\"")), Fault::malformed},
      {"claims nested deeply", changed(good, 1, base64url(std::string(5000, '['))), Fault::malformed},
      {"alg twice", token_of(R"({"alg":"none","alg":"ES256","kid":"ours"})"), Fault::malformed},
      {"exp twice", with_claims(R"({"iss":"https://issuer.example","sub":"s","aud":"posthorn","exp":1,"exp":1700003600})"),
       Fault::malformed},
      {"alg twice by an escape", token_of(R"({"alg":"ES256","\u0061lg":"none","kid":"ours"})"), Fault::malformed},
      {"no signature", changed(good, 2, ""), Fault::malformed},
      {"none without signature", none, Fault::unknown_algorithm},
      {"none with signature", changed(good, 0, base64url(R"({"alg":"none","kid":"ours"})")), Fault::unknown_algorithm},
      {"None", changed(good, 0, base64url(R"({"alg":"None","kid":"ours"})")), Fault::unknown_algorithm},
      {"es256 in lower case", token_of(R"({"alg":"es256","kid":"ours"})"), Fault::unknown_algorithm},
      {"no alg", token_of(R"({"kid":"ours"})"), Fault::unknown_algorithm},
      {"alg is a number", token_of(R"({"alg":1,"kid":"ours"})"), Fault::malformed},
      {"alg is a list", token_of(R"({"alg":["ES256"],"kid":"ours"})"), Fault::malformed},
      {"HS256 with the public key", hmac_confused(), Fault::unknown_algorithm},
      {"PS256", token_of(R"({"alg":"PS256","kid":"ours"})"), Fault::unknown_algorithm},
      {"ES384", token_of(R"({"alg":"ES384","kid":"ours"})"), Fault::unknown_algorithm},
      {"crit", token_of(R"({"alg":"ES256","kid":"ours","crit":["exp"],"exp":1})"), Fault::critical_header},
      {"crit, empty", token_of(R"({"alg":"ES256","kid":"ours","crit":[]})"), Fault::critical_header},
      {"b64 with crit", token_of(R"({"alg":"ES256","kid":"ours","b64":false,"crit":["b64"]})"), Fault::critical_header},
      {"of another type", token_of(R"({"alg":"ES256","kid":"ours","typ":"dpop+jwt"})"), Fault::wrong_type},
      {"kid is a number", token_of(R"({"alg":"ES256","kid":7})"), Fault::malformed},
      {"kid is very long", token_of(R"({"alg":"ES256","kid":")" + std::string(2000, 'k') + "\"}"), Fault::malformed},
  };
}

std::vector<Hostile> hostile_keys() {
  const std::string good = token_of(kHeader);
  const auto stranger = crypto::PrivateKey::generate();
  const auto point = stranger.point();
  const std::string jwk =
      R"("jwk":{"kty":"EC","crv":"P-256","x":")" + base64url(point.x) + R"(","y":")" + base64url(point.y) + "\"}";
  const std::string signature = *base64url_decode(std::string_view(good).substr(good.rfind('.') + 1));
  return {
      {"a stranger's signature", signed_with(stranger, kHeader, kClaims), Fault::wrong_signature},
      {"embedded jwk", signed_with(stranger, R"({"alg":"ES256","kid":"ours",)" + jwk + "}", kClaims), Fault::wrong_signature},
      {"embedded jwk without kid", signed_with(stranger, R"({"alg":"ES256",)" + jwk + "}", kClaims), Fault::wrong_signature},
      {"jku", signed_with(stranger, R"({"alg":"ES256","kid":"ours","jku":"https://evil.example/jwks"})", kClaims),
       Fault::wrong_signature},
      {"x5u", signed_with(stranger, R"({"alg":"ES256","kid":"ours","x5u":"https://evil.example/c","x5c":["AA"]})", kClaims),
       Fault::wrong_signature},
      {"unknown kid", token_of(R"({"alg":"ES256","kid":"theirs"})"), Fault::unknown_key},
      {"kid is a path", token_of(R"({"alg":"ES256","kid":"../../dev/null"})"), Fault::unknown_key},
      {"kid is SQL", token_of(R"({"alg":"ES256","kid":"' OR 1=1 --"})"), Fault::unknown_key},
      {"ES256 by the RSA key's id", token_of(R"({"alg":"ES256","kid":"rsa"})"), Fault::unknown_key},
      {"RS256 by the elliptic key's id", token_of(R"({"alg":"RS256","kid":"ours"})"), Fault::unknown_key},
      {"EdDSA by the elliptic key's id", token_of(R"({"alg":"EdDSA","kid":"ours"})"), Fault::unknown_key},
      {"signature as DER", der_signed(), Fault::wrong_signature},
      {"signature of zeros", changed(good, 2, base64url(std::string(64, '\0'))), Fault::wrong_signature},
      {"signature of ones", changed(good, 2, base64url(std::string(64, '\xff'))), Fault::wrong_signature},
      {"signature too short", changed(good, 2, base64url(signature.substr(0, 63))), Fault::wrong_signature},
      {"signature too long", changed(good, 2, base64url(signature + "x")), Fault::wrong_signature},
      {"signature moved from other claims",
       changed(with_claims(R"({"iss":"https://issuer.example","sub":"admin","aud":"posthorn","exp":1700003600})"), 2,
               base64url(signature)),
       Fault::wrong_signature},
  };
}

std::vector<Hostile> hostile_claims() {
  const auto claims = [](std::string_view rest) {
    return with_claims(R"({"iss":"https://issuer.example","sub":"someone")" + std::string(rest) + "}");
  };
  return {
      {"expired", claims(R"(,"aud":"posthorn","exp":1699999940)"), Fault::expired},
      {"expired in 1970", claims(R"(,"aud":"posthorn","exp":0)"), Fault::expired},
      {"without end", claims(R"(,"aud":"posthorn")"), Fault::missing_claim},
      {"end is text", claims(R"(,"aud":"posthorn","exp":"1700003600")"), Fault::bad_claim},
      {"end is null", claims(R"(,"aud":"posthorn","exp":null)"), Fault::bad_claim},
      {"end is negative", claims(R"(,"aud":"posthorn","exp":-1)"), Fault::bad_claim},
      {"end is beyond all time", claims(R"(,"aud":"posthorn","exp":1e300)"), Fault::bad_claim},
      {"end overflows", claims(R"(,"aud":"posthorn","exp":18446744073709551615)"), Fault::bad_claim},
      {"not yet valid", claims(R"(,"aud":"posthorn","exp":1700003600,"nbf":1700000061)"), Fault::not_yet_valid},
      {"issued in the future", claims(R"(,"aud":"posthorn","exp":1700003600,"iat":1700000061)"), Fault::issued_in_future},
      {"iat is text", claims(R"(,"aud":"posthorn","exp":1700003600,"iat":"now")"), Fault::bad_claim},
      {"another audience", claims(R"(,"aud":"elsewhere","exp":1700003600)"), Fault::wrong_audience},
      {"audience's beginning", claims(R"(,"aud":"posthor","exp":1700003600)"), Fault::wrong_audience},
      {"audience in other case", claims(R"(,"aud":"Posthorn","exp":1700003600)"), Fault::wrong_audience},
      {"no audience", claims(R"(,"exp":1700003600)"), Fault::wrong_audience},
      {"empty list of audiences", claims(R"(,"aud":[],"exp":1700003600)"), Fault::wrong_audience},
      {"audience is an object", claims(R"(,"aud":{"posthorn":true},"exp":1700003600)"), Fault::bad_claim},
      {"audiences are numbers", claims(R"(,"aud":[1,"posthorn"],"exp":1700003600)"), Fault::bad_claim},
      {"another issuer", with_claims(R"({"iss":"https://evil.example","sub":"s","aud":"posthorn","exp":1700003600})"),
       Fault::wrong_issuer},
      {"issuer with a slash", with_claims(R"({"iss":"https://issuer.example/","sub":"s","aud":"posthorn","exp":1700003600})"),
       Fault::wrong_issuer},
      {"no issuer", with_claims(R"({"sub":"s","aud":"posthorn","exp":1700003600})"), Fault::wrong_issuer},
      {"issuer is a list", with_claims(R"({"iss":["https://issuer.example"],"sub":"s","aud":"posthorn","exp":1700003600})"),
       Fault::bad_claim},
      {"no subject", with_claims(R"({"iss":"https://issuer.example","aud":"posthorn","exp":1700003600})"),
       Fault::missing_claim},
      {"subject is a number", with_claims(R"({"iss":"https://issuer.example","sub":1,"aud":"posthorn","exp":1700003600})"),
       Fault::bad_claim},
  };
}

void expect_refused(const std::vector<Hostile>& tokens) {
  for (const auto& hostile : tokens) EXPECT_EQ(verdict(hostile.token), to_text(hostile.fault)) << hostile.name;
}

TEST(HostileTokens, AreRefusedForTheirForm) { expect_refused(hostile_forms()); }
TEST(HostileTokens, AreRefusedForTheirKey) { expect_refused(hostile_keys()); }
TEST(HostileTokens, AreRefusedForTheirClaims) { expect_refused(hostile_claims()); }

TEST(HostileTokens, AreRefusedWithAnyCharacterChanged) {
  const std::string good = token_of(kHeader);
  ASSERT_EQ(verdict(good), "accepted");
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'A', 'z', '.', '='}) {
      if (good[i] == c) continue;
      std::string token = good;
      token[i] = c;
      EXPECT_NE(verdict(token), "accepted") << i << c;
    }
  }
}

TEST(HostileTokens, AreRefusedByTheAlgorithmsThatAreAllowed) {
  Expectation only_rsa = expected();
  only_rsa.algorithms = {crypto::SignatureAlgorithm::rs256};
  EXPECT_EQ(verdict(token_of(kHeader), only_rsa), "unknown algorithm");
  EXPECT_EQ(verdict(kRsaToken, only_rsa), "accepted");
}

TEST(GoodTokens, AreAcceptedWithEachAlgorithm) {
  EXPECT_EQ(verdict(token_of(kHeader)), "accepted");
  EXPECT_EQ(verdict(token_of(R"({"alg":"ES256"})")), "accepted");  // one key of the kind: no id needed
  EXPECT_EQ(verdict(kRsaToken), "accepted");
  EXPECT_EQ(verdict(kEdToken), "accepted");
}

TEST(GoodTokens, AreAcceptedWithinTheLeewayOfTheClocks) {
  EXPECT_EQ(verdict(with_claims(R"({"iss":"https://issuer.example","sub":"s","aud":["x","other"],"exp":1699999941.5,)"
                                R"("nbf":1700000060,"iat":1700000060})")),
            "accepted");
}

TEST(GoodTokens, MayBeAskedForAType) {
  Expectation typed = expected();
  typed.type = "at+jwt";
  EXPECT_EQ(verdict(token_of(kHeader), typed), "wrong type");
  EXPECT_EQ(verdict(token_of(R"({"alg":"ES256","kid":"ours","typ":"application/AT+JWT"})"), typed), "accepted");
}

TEST(SignToken, MakesWhatTheCheckAccepts) {
  const auto claims = boost::json::parse(kClaims);
  Expectation typed = expected();
  typed.type = "at+jwt";
  EXPECT_EQ(verdict(sign_token(claims.get_object(), "ours", our_key()), typed), "accepted");
}

}  // namespace
}  // namespace posthorn::jwt
