#include "domain/outbound/health.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace posthorn::domain {
namespace {

using Change = HealthStep::Change;

const Timestamp kStart{Milliseconds(1'700'000'000'000)};
const AttemptOutcome kSuccess{FailureKind::none, 200, std::nullopt};
const AttemptOutcome kRefused{FailureKind::connect, 0, std::nullopt};
const AttemptOutcome kError{FailureKind::status, 500, std::nullopt};

FailingEndpoint failing(std::uint32_t failures, bool told = false) { return {kStart, failures, told}; }

TEST(Health, FollowsItsTable) {
  const auto days = [](int n) { return Milliseconds(n * 24h); };
  const struct {
    const char* name;
    std::optional<FailingEndpoint> before;
    AttemptOutcome outcome;
    Timestamp now;
    Milliseconds disable_after;
    HealthStep expected;
  } rows[] = {
      {"well stays well without a write", std::nullopt, kSuccess, kStart, days(5), {}},
      {"the first failure is noted", std::nullopt, kRefused, kStart, days(5), {failing(1), Change::failing, false, false}},
      {"a status is a failure too", std::nullopt, kError, kStart, days(5), {failing(1), Change::failing, false, false}},
      {"our own fault is none", std::nullopt, {FailureKind::internal, 0, std::nullopt}, kStart, days(5), {}},
      {"nor news of a failing one", failing(3), {FailureKind::internal, 0, std::nullopt}, kStart, days(5), {failing(3)}},
      {"nor is a script's failure", failing(3), {FailureKind::transform, 0, std::nullopt}, kStart, days(5), {failing(3)}},
      {"further failures write nothing", failing(1), kRefused, kStart + 1s, days(5), {failing(2)}},
      {"many failures are told",
       failing(kFailingTold - 1),
       kRefused,
       kStart + 1s,
       days(5),
       {failing(kFailingTold, true), Change::told, true, false}},
      {"so is a long time of them",
       failing(1),
       kRefused,
       kStart + kFailingTime,
       days(5),
       {failing(2, true), Change::told, true, false}},
      {"but not one after a long time", FailingEndpoint{kStart, 0, false}, kRefused, kStart + 1h, days(5), {failing(1)}},
      {"told once", failing(20, true), kRefused, kStart + 1h, days(5), {failing(21, true)}},
      {"a success ends it", failing(3), kSuccess, kStart + 1s, days(5), {std::nullopt, Change::well, false, false}},
      {"and is told when the failing was",
       failing(30, true),
       kSuccess,
       kStart + 1h,
       days(5),
       {std::nullopt, Change::well, true, false}},
      {"too long disables",
       failing(30, true),
       kRefused,
       kStart + days(5),
       days(5),
       {failing(31, true), Change::none, false, true}},
      {"a moment less does not", failing(30, true), kRefused, kStart + days(5) - 1ms, days(5), {failing(31, true)}},
      {"0 is never", failing(30, true), kRefused, kStart + days(500), days(0), {failing(31, true)}},
      {"a success after too long does not",
       failing(30, true),
       kSuccess,
       kStart + days(6),
       days(5),
       {std::nullopt, Change::well, true, false}},
  };
  for (const auto& row : rows)
    EXPECT_EQ(after_attempt(row.before, row.outcome, row.now, row.disable_after), row.expected) << row.name;
}

}  // namespace
}  // namespace posthorn::domain
