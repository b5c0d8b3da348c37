// SimulatedWorld: everything around a simulated engine: clock, loop, network, the store's file with its faults, publishers, and
// the engine itself, which can be killed and started again.
//
// The store runs on the caller's thread (Threads::caller), so what is asked of it is answered at once; checks ask through a
// loop of their own, from within the engine's calls.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/manual_loop.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "observe/metrics.h"
#include "outbound/fanout.h"
#include "outbound/lane_set.h"
#include "outbound/new_deliveries.h"
#include "outbound/notices.h"
#include "outbound/upkeep.h"
#include "store/sqlite/fault_vfs.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::outbound {

struct PlayedRequest {
  std::size_t endpoint = 0;  // the number at the end of its URL
  std::vector<int> events;   // the numbers in its body, in order
  std::string header_lines;
  std::string body;
  UniqueFunction<void(AttemptAnswer)> done;
};

// Hands every request to the simulation; answers come by alarms, and die with the process.
class PlayedNetwork final : public Transport {
 public:
  explicit PlayedNetwork(ManualLoop& loop, ManualClock& clock) : loop_(loop), clock_(clock) {}

  void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) override;
  using Told = std::function<void(const AttemptAnswer&, const std::vector<int>&)>;
  // `told` is called just before the engine is.
  void answer_later(Milliseconds after, AttemptAnswer answer, PlayedRequest request, Told told);
  void forget_all() { out_.clear(); }
  std::size_t out() const { return out_.size(); }

  std::function<void(PlayedRequest)> on_request;

 private:
  ManualLoop& loop_;
  ManualClock& clock_;
  std::map<std::uint64_t, std::unique_ptr<Alarm>> out_;
  std::uint64_t next_ = 0;
};

class SimulatedWorld {
 public:
  // `folder` empty: a store in memory, which cannot be crashed.
  SimulatedWorld(std::uint64_t seed, std::string folder);
  ~SimulatedWorld();

  // Before start().
  domain::SubscriptionPtr subscribe(domain::SubscriptionSettings settings);
  void start();
  // Kills the process: nothing more is written, and all that was only in memory is gone.
  void crash();

  void advance(Milliseconds by) { loop.advance(by); }
  Timestamp now() const { return clock.schedule_now(); }

  // Accepts an event. The first `inline_max` deliveries are written with it, the others left to the fan-out; the lanes hear of
  // them `late`. `acknowledged` is called when the publisher would get its answer.
  void publish(std::size_t publisher, std::string payload, std::size_t inline_max, Milliseconds late,
               std::function<void(const store::NewEvent&)> acknowledged);

  bool cancel(DeliveryId delivery, SubscriptionKey subscription);
  bool resend(DeliveryId delivery);

  bool refusing() const { return refusing_; }
  void refuse_writes();
  void heal();

  // --- what the store says now ---
  domain::DeliveryState state_of(DeliveryId delivery);
  std::vector<domain::Delivery> all_deliveries();
  std::uint64_t pending();
  int number_of(EventId event);
  std::ptrdiff_t runnable() const { return shared_->gate.runnable(); }
  bool busy() const { return network.out() > 0 || accepting > 0; }
  const Catalogue& catalogue() const { return *catalogue_; }

  ManualClock clock;
  ManualLoop loop{clock};
  PlayedNetwork network{loop, clock};
  std::optional<domain::RateLimit> tenant_limit;
  std::size_t accepting = 0;
  std::function<void(const Work&)> on_fanned_out;  // a delivery that the fan-out made

 private:
  void open();
  void take_over(AcceptedWork work);
  template <class T, class Ask>
  Result<T> ask(Ask ask_it);

  const std::uint64_t seed_;
  const std::string folder_;
  std::unique_ptr<store::sqlite::FaultVfs> faults_;
  bool refusing_ = false;
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  observe::Metrics metrics_;
  TenantKey tenant_{};
  std::vector<domain::Subscription> saved_;
  int incarnation_ = 0;

  ManualLoop check_loop_{clock};
  std::unique_ptr<IdSource> ids_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> check_session_;
  std::unique_ptr<store::Session> engine_session_;
  std::vector<std::unique_ptr<store::Session>> publisher_sessions_;
  std::unique_ptr<LaneShared> shared_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<LaneSet> lanes_;
  std::unique_ptr<Fanout> fanout_;
  std::unique_ptr<Notices> notices_;
  std::unique_ptr<Upkeep> upkeep_;
  std::map<std::uint64_t, std::unique_ptr<Alarm>> late_;  // news on their way to the lanes
  std::uint64_t next_late_ = 0;
};

// The number that an event's payload carries ("n"); 0 when it has none.
int event_number(const domain::Event& event);

}  // namespace posthorn::outbound
