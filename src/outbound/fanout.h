// Fanout: makes the deliveries of events that matched more subscriptions than one write may carry, in bounded steps.
//
// Place: one, on the first out-loop; Publisher leaves it what did not fit (through app's wiring), and start() finds what a
// stopped
//   process left unfinished. Each step writes at most kFanoutStepMax deliveries and moves the event's mark in one transaction.
// Backpressure: a step waits while the RunnableGate is closed, so that lanes and memory keep up.
// Who gets the event was decided when it was accepted, and is kept with it until it is done; only for events of older versions,
//   which did not keep it, a restart decides it again, from after the mark, among subscriptions that are older than the event.
// A step that the store refuses for good is logged and its event put aside until the next start: others go on.
// Concurrency: belongs to its loop.
#pragma once

#include <deque>
#include <functional>

#include "base/event_loop.h"
#include "outbound/accepted_work.h"
#include "outbound/catalogue.h"
#include "outbound/lane.h"
#include "outbound/lane_shared.h"
#include "outbound/order_horizon.h"
#include "outbound/runnable_gate.h"
#include "store/store.h"

namespace posthorn::outbound {

class Fanout {
 public:
  // With the passage of their event (OrderHorizon), for as long as they are on their way.
  using Sink = std::function<void(std::vector<Work>, const OrderHorizon::PassagePtr&)>;
  Fanout(EventLoop& loop, store::Session& session, const Catalogue& catalogue, IdSource& ids, const Clock& clock,
         LaneShared& shared, Sink sink);

  void start(UniqueFunction<void(Status)> done);
  // Its `rest`; the deliveries it has are others'.
  void add(AcceptedWork work);
  // No further step begins; `done` when none runs. The rest is taken up at the next start.
  void stop(UniqueFunction<void()> done);

  std::size_t unfinished() const { return jobs_.size(); }

 private:
  struct Job {
    domain::EventPtr event;
    store::SubscriptionSet rest;
    OrderHorizon::PassagePtr passage;  // older events' deliveries come first: ordered work of younger ones waits
    FanoutRoom::Place place;
    std::size_t at = 0;
  };

  void take_up(store::UnfinishedFanout fanout);
  void step();
  void stepped(std::vector<Work> work, std::size_t count, Status result);

  EventLoop& loop_;
  store::Session& session_;
  const Catalogue& catalogue_;
  IdSource& ids_;
  const Clock& clock_;
  RunnableGate& gate_;
  OrderHorizon& horizon_;
  FanoutRoom& room_;
  Sink sink_;
  std::deque<Job> jobs_;  // served in turn, a step each
  bool running_ = false;  // a step is written, or waits for the gate or its retry
  bool writing_ = false;
  bool stopping_ = false;
  UniqueFunction<void()> stopped_;
  std::unique_ptr<Alarm> retry_;
};

}  // namespace posthorn::outbound
