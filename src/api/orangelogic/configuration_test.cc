#include "api/orangelogic/configuration.h"

#include <gtest/gtest.h>

namespace posthorn::api::orangelogic {
namespace {

using domain::SignatureScheme;

TEST(OrangeLogicConfiguration, IsOrangeLogicsOwnWhenNothingIsSet) {
  for (const std::string_view settings : {"{}", R"({"orangelogic":{}})", R"({"rateLimit":{"perSecond":5}})"}) {
    const auto configuration = read_configuration(settings);
    ASSERT_TRUE(configuration) << settings;
    EXPECT_EQ(configuration->scheme, SignatureScheme::ol_sha256);
    EXPECT_EQ(configuration->overlap, std::chrono::hours(1));
  }
}

TEST(OrangeLogicConfiguration, ReadsHashAndOverlap) {
  const auto configuration = read_configuration(R"({"orangelogic":{"signatureHash":"sha512","overlapSeconds":60}})");
  ASSERT_TRUE(configuration);
  EXPECT_EQ(configuration->scheme, SignatureScheme::ol_sha512);
  EXPECT_EQ(configuration->overlap, std::chrono::seconds(60));
  EXPECT_EQ(read_configuration(R"({"orangelogic":{"overlapSeconds":0}})")->overlap, std::chrono::seconds(0));
}

TEST(OrangeLogicConfiguration, NamesTheMemberOfEveryMistake) {
  struct Case {
    std::string_view settings, field;
  };
  for (const auto& [settings, field] :
       {Case{R"({"orangelogic":{"signatureHash":"md5"}})", "settings/orangelogic/signatureHash"},
        {R"({"orangelogic":{"signatureHash":512}})", "settings/orangelogic/signatureHash"},
        {R"({"orangelogic":{"overlapSeconds":-1}})", "settings/orangelogic/overlapSeconds"},
        {R"({"orangelogic":{"overlapSeconds":604801}})", "settings/orangelogic/overlapSeconds"},
        {R"({"orangelogic":{"overlap":1}})", "settings/orangelogic/overlap"},
        {R"({"orangelogic":3600})", "settings/orangelogic"}}) {
    const auto configuration = read_configuration(settings);
    ASSERT_FALSE(configuration) << settings;
    EXPECT_EQ(configuration.error().field, field);
  }
}

TEST(OrangeLogicConfiguration, ReplacesTheOtherHashAndKeepsWhatElseSigns) {
  using enum SignatureScheme;
  EXPECT_EQ(with_scheme({}, ol_sha256), std::vector{ol_sha256});
  EXPECT_EQ(with_scheme({ol_sha256}, ol_sha512), std::vector{ol_sha512});
  EXPECT_EQ(with_scheme({ol_sha512, v1}, ol_sha256), (std::vector{v1, ol_sha256}));
}

}  // namespace
}  // namespace posthorn::api::orangelogic
