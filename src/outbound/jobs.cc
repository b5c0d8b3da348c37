#include "outbound/jobs.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "domain/outbound/topic.h"
#include "observe/log.h"

namespace posthorn::outbound {
namespace {

using domain::Job;
using domain::JobKind;
using domain::JobState;

constexpr auto kStoreRetryTime = 1s;

bool topic_wanted(const std::vector<std::string>& patterns, const std::string& topic) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const auto& pattern) { return domain::topic_matches(pattern, topic); });
}

}  // namespace

Jobs::Jobs(EventLoop& loop, store::Session& session, const Catalogue& catalogue, IdSource& ids, const Clock& clock,
           RunnableGate& gate, JobSinks sinks)
    : session_(session),
      catalogue_(catalogue),
      ids_(ids),
      clock_(clock),
      gate_(gate),
      sinks_(std::move(sinks)),
      alarm_(loop.make_alarm([this] {
        waiting_ = false;
        next();
      })) {}

void Jobs::start(std::vector<store::Lease> leases, UniqueFunction<void(Status)> done) {
  leases_ = std::move(leases);
  std::vector<std::uint32_t> shards;
  for (const auto& lease : leases_) shards.push_back(lease.shard);
  session_.running_jobs(std::move(shards), [this, done = std::move(done)](Result<std::vector<Job>> found) mutable {
    if (!found) return done(std::move(found).error());
    for (Job& job : *found) add(std::move(job));
    done({});
  });
}

store::Lease Jobs::lease_of(const Job& job) const {
  const auto found = std::ranges::find(leases_, domain::shard_of(job), &store::Lease::shard);
  return found == leases_.end() ? store::Lease{} : *found;
}

void Jobs::add(Job job) {
  if (lease_of(job).epoch == 0 || job.state != JobState::running) return;
  if (current_ && current_->id == job.id) {
    again_ = std::move(job);
    return;
  }
  if (std::ranges::find(jobs_, job.id, &Job::id) != jobs_.end()) return;
  jobs_.push_back(std::move(job));
  if (!waiting_) next();
}

void Jobs::next() {
  if (current_ || waiting_) return;
  if (stopping_) {
    if (stopped_) std::exchange(stopped_, nullptr)();
    return;
  }
  if (jobs_.empty()) return;
  const bool makes_work = jobs_.front().kind != JobKind::erase;
  if (makes_work && gate_.runnable() >= kJobRunnableMax) return wait(kJobWaitTime);
  current_ = std::move(jobs_.front());
  jobs_.pop_front();
  total_.reset();
  if (current_->kind == JobKind::erase) return erase();
  if (!current_->total) return count();
  scan();
}

void Jobs::wait(SteadyTime::duration time) {
  waiting_ = true;
  alarm_->set(clock_.steady_now() + time);
}

void Jobs::count() {
  session_.count_for_job(*current_, [this](Result<std::uint64_t> count) {
    if (!count) return step_failed(count.error());
    total_ = *count;
    scan();
  });
}

void Jobs::scan() {
  session_.scan_for_job({*current_, static_cast<std::uint32_t>(kJobStepMax), kJobStepBytesMax},
                        [this](Result<store::JobScan> found) {
                          if (!found) return step_failed(found.error());
                          advance(std::move(*found));
                        });
}

void Jobs::erase() {
  session_.erase_step({lease_of(*current_), current_->id.key, clock_.schedule_now()}, [this](Result<Job> job) {
    if (!job) return step_failed(job.error());
    advanced(store::AdvancedJob{std::move(*job), {}, {}});
  });
}

void Jobs::advance(store::JobScan found) {
  const Job& job = *current_;
  if (found.blocked && found.examined == 0) {
    put_back();
    return wait(kJobWaitTime);
  }
  store::AdvanceJob write;
  write.lease = lease_of(job);
  write.job = job.id.key;
  write.from = job.cursor;
  write.to = found.cursor;
  write.finished = found.finished;
  write.examined = found.examined;
  write.total = total_;
  write.restart = std::move(found.deliveries);
  if (job.kind == JobKind::replay_missing) {
    const auto subscription = catalogue_.find_subscription(job.filter.subscription.key);
    if (!subscription) return give_up(not_found("the subscription was deleted"));
    for (const auto& event : found.events) {
      if (!topic_wanted(job.filter.topics, event->topic)) continue;
      const auto matched = catalogue_.match(*event);
      if (std::ranges::find_if(matched, [&](const auto& one) { return one->id == subscription->id; }) == matched.end())
        continue;
      write.missing.push_back(
          {event->id.key, {ids_.next<DeliveryId>(), subscription->id, std::nullopt, subscription->settings.kind}});
    }
  }
  write.now = clock_.schedule_now();
  session_.advance_job(std::move(write), [this](Result<store::AdvancedJob> result) { advanced(std::move(result)); });
}

void Jobs::advanced(Result<store::AdvancedJob> result) {
  if (!result) return step_failed(result.error());
  for (const auto& [subscription, count] : result->pushed) sinks_.pushed(subscription, count);
  for (const SubscriptionKey subscription : result->polled) sinks_.polled(subscription);
  current_ = std::move(result->job);
  if (current_->state == JobState::running) {
    put_back();
  } else {
    current_.reset();
    again_.reset();
  }
  wait(kJobStepPause);
}

void Jobs::put_back() {
  jobs_.push_back(std::move(*current_));
  current_.reset();
  again_.reset();
}

void Jobs::step_failed(const Error& error) {
  if (error.kind == ErrorKind::unavailable) {
    put_back();
    return wait(kStoreRetryTime);
  }
  // Paused or cancelled by hand, gone with its tenant, or another node's now: nothing to do here any more. One that was resumed
  // while this step was on its way goes on from where it really stands.
  if (error.kind == ErrorKind::conflict || error.kind == ErrorKind::fenced || error.kind == ErrorKind::not_found) {
    current_.reset();
    if (again_) jobs_.push_back(std::move(*again_));
    again_.reset();
    return wait(kJobStepPause);
  }
  give_up(error);
}

void Jobs::give_up(const Error& error) {
  observe::log(observe::Level::warning, "a job failed", {{"job", to_text(current_->id)}, {"reason", error.message}});
  session_.fail_job({lease_of(*current_), current_->id.key, error.message, clock_.schedule_now()}, [this](const Status&) {
    current_.reset();
    again_.reset();
    wait(kJobStepPause);
  });
}

void Jobs::stop(UniqueFunction<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  alarm_->clear();
  waiting_ = false;
  next();
}

}  // namespace posthorn::outbound
