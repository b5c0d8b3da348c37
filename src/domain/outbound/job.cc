#include "domain/outbound/job.h"

#include "domain/outbound/subscription.h"

namespace posthorn::domain {

std::string_view to_text(JobKind kind) {
  switch (kind) {
    case JobKind::recover:
      return "recover";
    case JobKind::replay_missing:
      return "replay_missing";
    case JobKind::resend:
      return "resend";
    case JobKind::erase:
      return "erase";
  }
  return "";
}

std::string_view to_text(JobState state) {
  switch (state) {
    case JobState::running:
      return "running";
    case JobState::paused:
      return "paused";
    case JobState::done:
      return "done";
    case JobState::cancelled:
      return "cancelled";
    case JobState::failed:
      return "failed";
  }
  return "";
}

std::optional<JobState> parse_job_state(std::string_view text) {
  for (const auto state : {JobState::running, JobState::paused, JobState::done, JobState::cancelled, JobState::failed}) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

std::optional<JobState> change(JobState state, JobAction action) {
  if (has_ended(state))
    return action == JobAction::cancel && state == JobState::cancelled ? std::optional(state) : std::nullopt;
  switch (action) {
    case JobAction::pause:
      return JobState::paused;
    case JobAction::resume:
      return JobState::running;
    case JobAction::cancel:
      return JobState::cancelled;
  }
  return std::nullopt;
}

std::uint32_t shard_of(const Job& job) {
  const SubscriptionKey subscription = job.filter.subscription.key;
  return shard_of(subscription ? subscription : SubscriptionKey{job.id.key.value});
}

}  // namespace posthorn::domain
