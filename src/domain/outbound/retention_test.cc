#include "domain/outbound/retention.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

using std::chrono::days;

TEST(TenantRetention, ReadsWhatATenantShortens) {
  struct Case {
    std::string_view settings;
    TenantRetention expected;
  };
  const Case cases[] = {
      {"{}", {}},
      {R"({"color":"red"})", {}},
      {R"({"retention":{}})", {}},
      {R"({"retention":{"payloadDays":7}})", {days(7), {}, {}}},
      {R"({"x":1,"retention":{"payloadDays":1,"attemptDays":30,"deliveryDays":3650}})", {days(1), days(30), days(3650)}},
      {R"({"\u0072etention":{"payloadDays":2}})", {days(2), {}, {}}},
  };
  for (const auto& [settings, expected] : cases) {
    const auto read = read_retention(settings);
    ASSERT_TRUE(read) << settings;
    EXPECT_EQ(*read, expected) << settings;
    EXPECT_EQ(read->empty(), expected == TenantRetention()) << settings;
  }
}

TEST(TenantRetention, NamesWhatItCannotRead) {
  struct Case {
    std::string_view settings;
    std::string_view field;
  };
  const Case cases[] = {
      {R"({"retention":5})", "settings/retention"},
      {R"({"retention":null})", "settings/retention"},
      {R"({"retention":{"payloadDays":0}})", "settings/retention/payloadDays"},
      {R"({"retention":{"payloadDays":-1}})", "settings/retention/payloadDays"},
      {R"({"retention":{"payloadDays":1.5}})", "settings/retention/payloadDays"},
      {R"({"retention":{"attemptDays":"7"}})", "settings/retention/attemptDays"},
      {R"({"retention":{"deliveryDays":3651}})", "settings/retention/deliveryDays"},
      {R"({"retention":{"payloaddays":7}})", "settings/retention/payloaddays"},
  };
  for (const auto& [settings, field] : cases) {
    const auto read = read_retention(settings);
    ASSERT_FALSE(read) << settings;
    EXPECT_EQ(read.error().field, field) << settings;
  }
}

}  // namespace
}  // namespace posthorn::domain
