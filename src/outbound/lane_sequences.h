// LaneSequences: the ordered half of a lane, as plain state. A sequence is what must go one after the other: the deliveries of
// one subscription with the same order key, by event. Of each sequence only the first may be out; it stays first until it is
// over. Sequences do not wait for each other.
//
// Place: a Lane's member; no I/O, no clock. The store reads whole sequences for it (store::LoadOrdered): a *scan* walks over
// all
//   of them and takes what is due; a *refill* reads on in one that is here.
// Memory: at most `window` deliveries, kLaneWaitingMax sequences that wait for a retry, and kLaneSequencesLeftMax numbers of
//   sequences that only the store has. A sequence whose first waits costs nothing beyond that, however many stand behind it.
//   Beyond kLaneSequencesLeftMax nothing is lost: new work then always goes by way of the store and its next scan.
// Never twice, never past another: a sequence that is here is complete from its first on up to a point (`more`: the store has
//   the rest). Work that comes by itself is taken only where it is certain that nothing older is missing; otherwise the store
//   is asked. Pages are read beside the writer, so what ended while one was read is left out of it.
// Concurrency: belongs to one loop.
#pragma once

#include <deque>
#include <limits>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/limits.h"
#include "domain/outbound/delivery.h"
#include "store/operations.h"

namespace posthorn::outbound {

class LaneSequences {
 public:
  using Work = domain::PendingDelivery;

  // How many deliveries of a sequence stay here while its first waits for a retry: as many as go together.
  void set_kept(std::size_t kept) { kept_ = kept; }

  // New work that the store has committed. `window`, here and below: how many deliveries may be here.
  void accept(Work work, Timestamp now, std::size_t window);
  // The store may hold sequences that are not known here; nothing new is taken past them.
  void expect_in_store(Timestamp at);

  // The next delivery to attempt. Nothing of an event from `below` on: older events may still be on their way here.
  std::optional<Work> take(Timestamp now, EventKey below);
  // What may follow `first` in the same request; in its sequence.
  std::optional<Work> take_more(std::int64_t order_key, Timestamp now, EventKey below);

  // What became of a delivery that was out: over; to be tried again; or the store's again.
  void finished(const Work& work, Timestamp now);
  void retry_later(Work work, Timestamp due, Timestamp now);
  void abandoned(const Work& work, Timestamp now);
  // Cancelled by hand: leaves unless it is out.
  void cancelled(DeliveryKey delivery, Timestamp now);

  // Reading.
  bool wants_load(Timestamp now, std::size_t window) const;
  store::LoadOrdered begin_load(Timestamp now, std::size_t window);
  void loaded(store::OrderedPage page, Timestamp now, std::size_t window);
  void load_failed(Timestamp again_at);

  // All that is not out becomes the store's.
  void leave_all(Timestamp now);
  // The same for the latest, until at most `window` are left.
  void trim(std::size_t window, Timestamp now);

  // When take() or wants_load() may become true by time alone.
  std::optional<Timestamp> next_wake() const;
  // Whether take() has something now, whatever `below` is.
  bool has_ready(Timestamp now) const;
  // Whether there is, but of an event from `below` on.
  bool held(Timestamp now, EventKey below) const;
  std::size_t ready() const { return ready_.size(); }
  // Deliveries in sequences that are ready, about; and since when the one with the earliest event is due.
  std::size_t ready_deliveries() const { return ready_.empty() ? 0 : in_memory_; }
  std::optional<Timestamp> oldest_ready() const;
  std::size_t in_memory() const { return in_memory_; }
  bool empty() const { return queues_.empty() && !loading_ && !scanning_; }
  // Set when the store has something that is not here.
  const std::optional<Timestamp>& store_next() const { return store_next_; }
  bool loading() const { return loading_; }

 private:
  struct Queue {
    std::deque<Work> waiting;  // by event
    std::size_t out = 0;
    EventKey last_out;        // the latest event that was taken
    std::size_t low = 0;      // so few left: read on
    std::uint32_t page = 16;  // how many to read on, at most; grows
    bool more = false;        // the store has later ones
    Timestamp waits_until;    // its entry in waiting_, when it has one
    bool is_ready = false;
    bool is_waiting = false;
  };
  using Queues = std::unordered_map<std::int64_t, Queue>;

  bool has_room(std::size_t window) const;
  void wake(Timestamp now);
  void insert(Queue& queue, Work work);
  Work take_front(Queue& queue);
  void settle(std::int64_t order_key, Timestamp now);
  void unlist(std::int64_t order_key, Queue& queue);
  void forget_waiting(std::int64_t order_key, Queue& queue);
  void keep_first(std::int64_t order_key, Queue& queue);
  void leave(std::int64_t order_key, Timestamp at);
  void note_left(std::int64_t order_key);
  Queue& end(const Work& work);
  void take_rows(Queue& queue, std::vector<Work> rows);
  void take_scanned(store::Sequence sequence, Timestamp now, std::size_t window);
  void take_refill(store::OrderedPage page, Timestamp now);
  void start_queue(store::Sequence sequence, Timestamp now);

  Queues queues_;                                       // with something here or out
  std::set<std::pair<EventKey, std::int64_t>> ready_;   // by the event of their first
  std::set<std::pair<Timestamp, std::int64_t>> waits_;  // by when their first is due
  std::set<std::int64_t> hungry_;                       // to be read on in
  std::unordered_set<DeliveryKey> known_;               // here, out, or on the way to their record
  std::size_t in_memory_ = 0;
  std::size_t kept_ = 1;
  std::size_t bytes_ = 0;

  std::optional<Timestamp> store_next_;    // when the store has something to scan for
  std::unordered_set<std::int64_t> left_;  // sequences that only the store has
  bool complete_ = true;                   // left_ names all of them
  bool scan_stale_ = false;                // something was left in the store that the running scan may not see
  bool scanning_ = false;                  // from the first to the last sequence, in pages
  std::int64_t scan_from_ = 0;
  std::optional<Timestamp> scan_next_;     // the earliest due time that the scan has seen
  Timestamp scan_not_before_;              // scans have pauses between them
  Timestamp load_not_before_;              // after a page that could not be read
  std::unordered_set<std::int64_t> seen_;  // sequences that the scan left in the store
  bool loading_ = false;
  std::optional<std::int64_t> refilling_;  // which sequence the page is for; nothing: a scan's page
  bool refill_void_ = false;               // what the page goes on from is not here any more
  std::unordered_set<DeliveryKey> ended_while_loading_;
  EventKey paged_through_;  // the latest event that any page has shown
};

}  // namespace posthorn::outbound
