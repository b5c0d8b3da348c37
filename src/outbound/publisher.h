// Publishing: accepts events and makes them durable together with the work that will deliver them.
//
// Place: called by api/*; hands over to the lanes only after the store has committed.
// Concurrency: one per in-loop, any number of publish() at once; the store merges their writes.
// Limits: PublishLimits, kFanoutInlineMax, kBatchEventsMax, kBatchTurnTime; kFanoutBytesMax for what is still to be fanned out
//   (FanoutRoom): beyond it events with a fan-out are refused, unavailable. While more deliveries could run than the lanes keep
//   up with (RunnableGate), answers of committed writes are held, up to kPublishHoldMax.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/limits.h"
#include "net/http.h"
#include "net/task.h"
#include "observe/metrics.h"
#include "outbound/accepted_work.h"
#include "outbound/catalogue.h"
#include "outbound/runnable_gate.h"
#include "store/store.h"

namespace posthorn::outbound {

struct PublishRequest {
  std::string topic;
  std::string_view data;          // the JSON value's bytes; must stay valid until publish() returns
  std::string external_id;        // empty: none
  std::optional<Timestamp> time;  // empty: now
  std::string user;
  std::string scope;
  std::string traceparent;      // empty or not well-formed: a new one is made
  std::uint32_t hops = 0;       // as read_hops() says
  std::string idempotency_key;  // empty: none
  std::string_view request_id;  // for the log; must stay valid as `data` does
  // Only for this one, whatever it wants; null: for those that match.
  domain::SubscriptionPtr only_for;
};

// How many deliveries led to this request: domain::kHopsHeader, 0 without it. Errors: invalid_argument naming the header (not a
// number; too_many_hops).
Result<std::uint32_t> read_hops(const net::HeaderViews& headers);
// A publisher's own id of an event; empty: none. Errors: invalid_argument naming `field`.
Status check_external_id(std::string_view id, std::string field);

struct Published {
  EventId id;
  std::string external_id;
  std::uint32_t deliveries = 0;
  bool replayed = false;  // a repeated idempotency key or id: this is the first answer again

  std::string public_id() const { return external_id.empty() ? to_text(id) : external_id; }
};

struct PublishLimits {
  std::size_t event_body_bytes_max = kEventBodyBytesMaxDefault;
};

class Publisher {
 public:
  Publisher(EventLoop& loop, store::Session& session, const Catalogue& catalogue, const Clock& clock, IdSource& ids,
            RunnableGate& gate, OrderHorizon& horizon, FanoutRoom& room, observe::Metrics& metrics, PublishLimits limits,
            WorkSink sink);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Returns only after commit: a success is a promise. Errors: invalid_argument ("topic" unknown_topic, schema_mismatch,
  // "scope" unknown_scope, …), payload_too_large, forbidden (tenant's webhooks are off), conflict, unavailable.
  net::Task<Result<Published>> publish(const domain::Tenant& tenant, PublishRequest request);

  // The event that publish() would store, without storing it. Errors: those of publish() that need no store.
  Result<domain::EventPtr> preview(const domain::Tenant& tenant, const PublishRequest& request);

  // Each event by itself, results in order. Errors of the whole: forbidden, too many events.
  net::Task<Result<std::vector<Result<Published>>>> publish_batch(const domain::Tenant& tenant,
                                                                  std::vector<PublishRequest> requests);

 private:
  // An event with its first deliveries; the further ones are Fanout's. Or one that is refused unless it is a repeat.
  struct Prepared {
    store::NewEvent write;
    OrderHorizon::PassagePtr passage;
    FanoutRoom::Place place;
    std::string_view request_id = {};
    std::vector<Prepared> derived = {};  // what automations made of it
  };
  // How long this turn of the loop has been one batch's.
  class Turn {
   public:
    Turn(EventLoop& loop, const Clock& clock) : loop_(loop), clock_(clock), start_(clock.steady_now()) {}
    bool is_over() const { return clock_.steady_now() - start_ >= kBatchTurnTime; }
    net::Task<> next();

   private:
    EventLoop& loop_;
    const Clock& clock_;
    SteadyTime start_;
  };

  std::shared_ptr<domain::Event> make_event(const domain::Tenant& tenant, const PublishRequest& request);
  Prepared with_deliveries(std::shared_ptr<domain::Event> event, domain::EventDocument& document,
                           const std::vector<domain::SubscriptionPtr>& matched);
  Result<Prepared> prepare(const domain::Tenant& tenant, const PublishRequest& request);
  Result<Prepared> match(const domain::Tenant& tenant, const PublishRequest& request);
  Result<Prepared> refuse(const domain::Tenant& tenant, const PublishRequest& request, Error error);
  // False: there is no room for its fan-out.
  bool take_room(Prepared& prepared);
  void hand_over(const domain::Tenant& tenant, Prepared prepared);
  // What holds whatever the catalogue says.
  Status check(const PublishRequest& request) const;
  // What holds for every event, published or derived.
  Status check_content(TenantKey tenant, std::string_view topic, std::string_view scope, std::string_view data) const;
  net::Task<std::vector<Result<Published>>> accept(const domain::Tenant& tenant, std::vector<Result<Prepared>> prepared);
  net::Task<> wait_for_room();
  double seconds_since(SteadyTime start) const;

  EventLoop& loop_;
  store::Session& session_;
  const Catalogue& catalogue_;
  const Clock& clock_;
  IdSource& ids_;
  RunnableGate& gate_;
  OrderHorizon& horizon_;
  FanoutRoom& room_;
  observe::Metrics& metrics_;
  const PublishLimits limits_;
  WorkSink sink_;
  SeededRandom random_;
  store::SubscriptionSet last_rest_;  // the next event may have the same
};

}  // namespace posthorn::outbound
