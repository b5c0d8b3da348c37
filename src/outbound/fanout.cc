#include "outbound/fanout.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "observe/log.h"
#include "outbound/new_deliveries.h"

namespace posthorn::outbound {

Fanout::Fanout(EventLoop& loop, store::Session& session, const Catalogue& catalogue, IdSource& ids, const Clock& clock,
               LaneShared& shared, Sink sink)
    : loop_(loop),
      session_(session),
      catalogue_(catalogue),
      ids_(ids),
      clock_(clock),
      gate_(shared.gate),
      horizon_(shared.horizon),
      room_(shared.fanout_room),
      sink_(std::move(sink)),
      retry_(loop.make_alarm([this] { step(); })) {}

void Fanout::start(UniqueFunction<void(Status)> done) {
  session_.unfinished_fanouts([this, done = std::move(done)](Result<std::vector<store::UnfinishedFanout>> found) mutable {
    if (!found) return done(std::move(found).error());
    std::unordered_map<const void*, store::SubscriptionSet> rests;  // each has its place once
    for (auto& fanout : *found) {
      if (fanout.rest) {
        store::SubscriptionSet& kept = rests[fanout.rest.get()];
        if (!kept) kept = keep_place(fanout.rest, room_.take_anyway(fanout_bytes(*fanout.rest)));
        fanout.rest = kept;
      }
      take_up(std::move(fanout));
    }
    done({});
  });
}

void Fanout::take_up(store::UnfinishedFanout fanout) {
  Job job{fanout.event, std::move(fanout.rest), horizon_.enter(fanout.event->tenant, fanout.event->id.key),
          room_.take_anyway(fanout_bytes(*fanout.event)), 0};
  if (job.rest == nullptr) {
    std::vector<SubscriptionKey> rest;
    for (const auto& subscription : catalogue_.match(*fanout.event)) {
      const SubscriptionKey key = subscription->id.key;
      if (key.value < fanout.event->id.key.value) rest.push_back(key);
    }
    job.rest = std::make_shared<const std::vector<SubscriptionKey>>(std::move(rest));
  }
  job.at = static_cast<std::size_t>(std::ranges::upper_bound(*job.rest, fanout.after) - job.rest->begin());
  jobs_.push_back(std::move(job));
  if (!running_) step();
}

void Fanout::add(AcceptedWork work) {
  jobs_.push_back({std::move(work.event), std::move(work.rest), std::move(work.passage), std::move(work.place), 0});
  if (!running_) step();
}

void Fanout::step() {
  running_ = false;
  writing_ = false;
  if (stopping_) {
    if (stopped_) std::exchange(stopped_, nullptr)();
    return;
  }
  if (jobs_.empty()) return;
  running_ = true;
  if (gate_.closed()) return gate_.when_open(loop_, [this] { step(); });

  const Job& job = jobs_.front();
  const std::size_t count = std::min(job.rest->size() - job.at, kFanoutStepMax);
  store::AdvanceFanout write;
  write.event = job.event->id.key;
  write.tenant = job.event->tenant;
  write.finished = job.at + count == job.rest->size();
  domain::EventDocument document(*job.event, {});
  std::vector<Work> work;
  const domain::Subscription gone;
  for (std::size_t i = job.at; i < job.at + count; ++i) {
    // One that was deleted meanwhile gets a delivery all the same, which the store makes a cancelled one.
    const SubscriptionKey key = (*job.rest)[i];
    const auto subscription = catalogue_.find_subscription(key);
    const auto made = new_delivery({key}, subscription ? *subscription : gone, ids_, document);
    write.deliveries.push_back(made);
    const Timestamp due = made.kind == domain::Kind::poll ? domain::kNeverDue : job.event->accepted_at;
    work.push_back(Work{made.id, made.subscription.key, job.event, 0, 0, due, made.order_key});
  }
  writing_ = true;
  session_.advance_fanout(std::move(write), [this, work = std::move(work), count](Status result) mutable {
    stepped(std::move(work), count, std::move(result));
  });
}

void Fanout::stepped(std::vector<Work> work, std::size_t count, Status result) {
  writing_ = false;
  if (!result && result.error().kind == ErrorKind::not_found) {  // expunged, or gone with its tenant
    jobs_.pop_front();
    return step();
  }
  if (!result && result.error().kind != ErrorKind::unavailable) {
    observe::log(observe::Level::error, "a fan-out step failed: the event's further deliveries wait for a restart",
                 {{"event", to_text(jobs_.front().event->id)}, {"reason", result.error().message}});
    jobs_.pop_front();
    return step();
  }
  if (!result) {
    if (stopping_) return step();
    return retry_->set(clock_.steady_now() + std::chrono::seconds(1));
  }
  sink_(std::move(work), jobs_.front().passage);
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  job.at += count;
  if (job.at < job.rest->size()) jobs_.push_back(std::move(job));
  step();
}

void Fanout::stop(UniqueFunction<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  // A step that waits for the gate or for its retry has written nothing.
  retry_->clear();
  if (!writing_) step();
}

}  // namespace posthorn::outbound
