#include "domain/outbound/job.h"

#include <gtest/gtest.h>

#include "domain/outbound/subscription.h"

namespace posthorn::domain {
namespace {

TEST(Job, ChangesItsStateByHandOnlyUntilItHasEnded) {
  struct Case {
    JobState from;
    JobAction action;
    std::optional<JobState> to;
  };
  const Case cases[] = {
      {JobState::running, JobAction::pause, JobState::paused},
      {JobState::running, JobAction::resume, JobState::running},
      {JobState::running, JobAction::cancel, JobState::cancelled},
      {JobState::paused, JobAction::pause, JobState::paused},
      {JobState::paused, JobAction::resume, JobState::running},
      {JobState::paused, JobAction::cancel, JobState::cancelled},
      {JobState::done, JobAction::pause, std::nullopt},
      {JobState::done, JobAction::resume, std::nullopt},
      {JobState::done, JobAction::cancel, std::nullopt},
      {JobState::failed, JobAction::resume, std::nullopt},
      {JobState::cancelled, JobAction::cancel, JobState::cancelled},
      {JobState::cancelled, JobAction::resume, std::nullopt},
  };
  for (const auto& [from, action, to] : cases) EXPECT_EQ(change(from, action), to) << to_text(from);
}

TEST(Job, HasStableWordsForItsStates) {
  for (const auto state : {JobState::running, JobState::paused, JobState::done, JobState::cancelled, JobState::failed}) {
    EXPECT_EQ(parse_job_state(to_text(state)), state);
  }
  EXPECT_EQ(parse_job_state("Running"), std::nullopt);
  EXPECT_EQ(parse_job_state(""), std::nullopt);
}

TEST(Job, RunsOnTheShardOfItsSubscription) {
  Job job;
  job.id.key = {12345};
  EXPECT_EQ(shard_of(job), shard_of(SubscriptionKey{12345}));
  job.filter.subscription.key = {777};
  EXPECT_EQ(shard_of(job), shard_of(SubscriptionKey{777}));
}

}  // namespace
}  // namespace posthorn::domain
