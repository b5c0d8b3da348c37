// Job: a long piece of work on a tenant's rows that runs in the background in small durable steps.
//
//   running ──► done
//     │ ▲─┐
//     │ └─┴─ paused        pause, resume
//     ├──► cancelled       by hand, from running or paused
//     └──► failed          a step could not be done at all; what was done before it stays done
//
// Each step is one transaction with the job's cursor, so a step that is repeated after a crash changes nothing twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/outbound/delivery.h"

namespace posthorn::domain {

using JobKey = NamedKey<struct JobTag>;
using JobId = NamedId<struct JobTag>;

enum class JobKind : std::uint8_t {
  recover = 0,         // deliveries of one subscription that became exhausted in a time: pending again
  replay_missing = 1,  // events that match a subscription now and have no delivery for it: they get one
  resend = 2,          // ended deliveries of a tenant by filter: pending again
  erase = 3,           // everything of a tenant goes
};
enum class JobState : std::uint8_t { running = 0, paused = 1, done = 2, cancelled = 3, failed = 4 };
enum class JobAction : std::uint8_t { pause, resume, cancel };

std::string_view to_text(JobKind kind);
std::string_view to_text(JobState state);
std::optional<JobState> parse_job_state(std::string_view text);
inline bool has_ended(JobState state) { return state != JobState::running && state != JobState::paused; }

// What the action makes of a job in that state; the same state when it is so already. Nothing: a job that has ended.
std::optional<JobState> change(JobState state, JobAction action);

// Which rows the job is about.
struct JobFilter {
  SubscriptionId subscription;         // key 0: of all subscriptions
  std::optional<DeliveryState> state;  // resend: only deliveries that ended so
  std::vector<std::string> topics;     // replay_missing: patterns; resend: at most one topic; empty: all
  Timestamp since;                     // recover: became exhausted; else: was made (an event: accepted)
  Timestamp until = kNeverDue;         // exclusive

  friend bool operator==(const JobFilter&, const JobFilter&) = default;
};

struct Job {
  JobId id;
  TenantKey tenant;  // 0 for erase, which outlives its tenant
  TenantKey erased;  // erase: the tenant that goes
  JobKind kind = JobKind::recover;
  JobState state = JobState::running;
  JobFilter filter;
  std::int64_t cursor = 0;  // rows up to this key have been looked at
  std::int64_t end = 0;     // rows from this key on are younger than the job and none of its business
  std::uint64_t examined = 0;
  std::uint64_t changed = 0;           // made pending, made, or removed
  std::uint64_t skipped = 0;           // wanted, but impossible: the payload or the subscription is gone
  std::optional<std::uint64_t> total;  // about how many rows it has to look at; nothing until its first step
  std::string error;                   // why it failed; for people
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Job&, const Job&) = default;
};

// The shard under whose lease the job runs: its subscription's, else one by its own key.
std::uint32_t shard_of(const Job& job);

}  // namespace posthorn::domain
