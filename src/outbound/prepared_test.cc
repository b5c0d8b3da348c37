#include "outbound/prepared.h"

#include <gtest/gtest.h>

namespace posthorn::outbound {
namespace {

using domain::Format;
using domain::SignatureScheme;

const Timestamp kNow{std::chrono::seconds(1'700'000'000)};

Prepared prepared_with(Format format, std::vector<SignatureScheme> signatures, domain::SubscriptionSecrets secrets) {
  auto subscription = std::make_shared<domain::Subscription>();
  subscription->settings.url = "https://example.com/hook";
  subscription->settings.format = format;
  subscription->settings.signatures = std::move(signatures);
  subscription->settings.headers = {{"X-Team", "blue"}};
  auto made = prepare(subscription, secrets, "acme");
  return std::move(made).value();
}

domain::SubscriptionSecrets secrets_of(std::string current) {
  domain::SubscriptionSecrets secrets;
  secrets.current = std::move(current);
  return secrets;
}

RenderedPtr rendered(Format format) {
  domain::Event event;
  event.topic = "a";
  event.payload = "{\"n\":1}";
  return std::make_shared<const domain::Rendered>(domain::render(format, event, "acme"));
}

TEST(Prepared, NamesTheMediaTypeOfItsFormat) {
  const auto lines = [](Format format) { return prepared_with(format, {}, secrets_of("s")).fixed_header_lines; };
  EXPECT_NE(lines(Format::standard).find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(lines(Format::cloudevents).find("Content-Type: application/cloudevents+json\r\n"), std::string::npos);
  EXPECT_NE(lines(Format::cloudevents_binary).find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(lines(Format::raw).find("X-Team: blue\r\n"), std::string::npos);
}

TEST(BodyFor, SharesTheRenderedBodyUnlessASecretBelongsIntoIt) {
  const auto standard = rendered(Format::standard);
  EXPECT_EQ(body_for(*prepared_with(Format::standard, {SignatureScheme::secret}, secrets_of("s")).signer, standard, kNow).get(),
            &standard->body);
  const auto orchestry = rendered(Format::orchestry);
  EXPECT_EQ(body_for(*prepared_with(Format::orchestry, {SignatureScheme::v1}, secrets_of("s")).signer, orchestry, kNow).get(),
            &orchestry->body)
      << "a key that signs is not shown";
  EXPECT_EQ(*body_for(*prepared_with(Format::orchestry, {SignatureScheme::secret}, secrets_of("s")).signer, orchestry, kNow),
            R"({"n":1,"Secret":"s","secret":"s"})");
}

TEST(BodyFor, ShowsTheOldSecretUntilTheOverlapEnds) {
  auto secrets = secrets_of("new");
  secrets.previous = "old";
  secrets.previous_until = kNow + 1s;
  const auto prepared = prepared_with(Format::orchestry, {SignatureScheme::secret}, secrets);
  const auto orchestry = rendered(Format::orchestry);
  EXPECT_NE(body_for(*prepared.signer, orchestry, kNow)->find("\"secret\":\"old\""), std::string::npos);
  EXPECT_NE(body_for(*prepared.signer, orchestry, kNow + 1s)->find("\"secret\":\"new\""), std::string::npos);
}

}  // namespace
}  // namespace posthorn::outbound
