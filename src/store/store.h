// Store: what is durable, in domain verbs. Implementations: store/sqlite; store/conformance tests any of them.
//
// Place: engines and surfaces hold a Session each (one per event loop). No SQL and no database's idea stands here.
// Writes: a session collects the writes of one loop iteration and hands them over together; the store merges what waits
//   into one transaction and completes each write only after the commit is on disk. Completions run on the session's loop.
// Order: writes of one session are applied in the order of their calls; but a long list of events lets others in between.
// Reads: run beside the writer and see every write whose completion has run.
// Shards: jobs belong to shards; a write that finishes a job carries the lease under which it was taken (`Lease`), and is
//   refused with ErrorKind::fenced when another owner has the shard since.
// Errors: `unavailable` (queue full, disk full, read-only: nothing was written, try later), `conflict`, `not_found`,
//   `precondition_failed`, `fenced`. After a failed fsync every write is `unavailable` until restart (see health()).
#pragma once

#include <memory>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "store/access_operations.h"
#include "store/job_operations.h"
#include "store/operations.h"
#include "store/poll_operations.h"
#include "store/privacy_operations.h"
#include "store/statistics_operations.h"

namespace posthorn::store {

class Session : public AccessSession {
 public:
  // --- catalogue (tenants, topics, scopes, subscriptions, automations, credentials) ---
  // save_* makes the row when `expected_revision` is 0 (conflict when it exists) and changes it otherwise
  // (precondition_failed when the stored revision differs). They answer the row's new revision.
  virtual void save_tenant(SaveTenant write, Done<Saved> done) = 0;
  virtual void delete_tenant(DeleteTenant write, Done<void> done) = 0;
  virtual void save_topic(SaveTopic write, Done<Saved> done) = 0;
  virtual void delete_topic(DeleteTopic write, Done<void> done) = 0;
  virtual void save_scope(SaveScope write, Done<Saved> done) = 0;
  virtual void delete_scope(DeleteScope write, Done<void> done) = 0;
  virtual void save_subscription(SaveSubscription write, Done<SavedSubscription> done) = 0;
  virtual void delete_subscription(DeleteSubscription write, Done<void> done) = 0;
  virtual void save_automation(SaveAutomation write, Done<Saved> done) = 0;
  virtual void delete_automation(DeleteAutomation write, Done<void> done) = 0;
  virtual void save_credential(SaveCredential write, Done<void> done) = 0;
  virtual void load_catalogue(Done<Catalogue> done) = 0;

  // --- events and deliveries ---
  virtual void accept_events(AcceptEvents write, Done<std::vector<Result<AcceptedEvent>>> done) = 0;
  virtual void advance_fanout(AdvanceFanout write, Done<void> done) = 0;
  // Shared, because who records keeps it too until it is known to be on disk.
  virtual void record_attempt(std::shared_ptr<const RecordAttempt> write, Done<RecordedAttempt> done) = 0;
  virtual void resend_delivery(ResendDelivery write, Done<domain::PendingDelivery> done) = 0;
  virtual void cancel_delivery(CancelDelivery write, Done<void> done) = 0;
  virtual void cancel_deliveries_of(CancelDeliveriesOf write, Done<std::uint64_t> done) = 0;
  virtual void expire(Expire write, Done<Expired> done) = 0;

  // --- shards ---
  virtual void claim_shards(ClaimShards write, Done<std::vector<Lease>> done) = 0;
  virtual void renew_shards(RenewShards write, Done<std::vector<Lease>> done) = 0;

  // --- what engines read ---
  virtual void lanes_with_work(std::vector<std::uint32_t> shards, Done<std::vector<LaneWork>> done) = 0;
  virtual void load_pending(LoadPending query, Done<std::vector<domain::PendingDelivery>> done) = 0;
  virtual void load_ordered(LoadOrdered query, Done<OrderedPage> done) = 0;
  virtual void load_health(Done<std::vector<EndpointHealth>> done) = 0;
  virtual void unfinished_fanouts(Done<std::vector<UnfinishedFanout>> done) = 0;
  virtual void count_pending(Done<PendingCount> done) = 0;

  // --- what surfaces read; every query is bound to one tenant ---
  virtual void find_event(FindEvent query, Done<EventRow> done) = 0;
  virtual void list_events(ListEvents query, Done<Page<EventRow>> done) = 0;
  virtual void find_delivery(FindDelivery query, Done<domain::Delivery> done) = 0;
  virtual void list_deliveries(ListDeliveries query, Done<Page<domain::Delivery>> done) = 0;
  virtual void list_attempts(ListAttempts query, Done<std::vector<domain::Attempt>> done) = 0;

  // --- jobs (job_operations.h) ---
  virtual void start_job(StartJob write, Done<void> done) = 0;
  virtual void change_job(ChangeJob write, Done<domain::Job> done) = 0;
  virtual void fail_job(FailJob write, Done<void> done) = 0;
  virtual void advance_job(AdvanceJob write, Done<AdvancedJob> done) = 0;
  virtual void find_job(FindJob query, Done<domain::Job> done) = 0;
  virtual void list_jobs(ListJobs query, Done<Page<domain::Job>> done) = 0;
  virtual void running_jobs(std::vector<std::uint32_t> shards, Done<std::vector<domain::Job>> done) = 0;
  virtual void scan_for_job(ScanForJob query, Done<JobScan> done) = 0;
  // About how many rows the job will look at.
  virtual void count_for_job(domain::Job job, Done<std::uint64_t> done) = 0;

  // --- polling (poll_operations.h) ---
  virtual void poll_deliveries(PollDeliveries query, Done<PolledPage> done) = 0;
  virtual void acknowledge_polled(AcknowledgePolled write, Done<AcknowledgedPolled> done) = 0;

  // --- data that goes before its time (privacy_operations.h) ---
  virtual void expire_tenant(ExpireTenant write, Done<Expired> done) = 0;
  virtual void expunge_event(ExpungeEvent write, Done<ExpungedEvent> done) = 0;
  virtual void start_erasure(StartErasure write, Done<void> done) = 0;
  virtual void erase_step(EraseStep write, Done<domain::Job> done) = 0;

  // --- statistics (statistics_operations.h) ---
  virtual void read_statistics(ReadStatistics query, Done<std::vector<HourCounters>> done) = 0;

  // Writes a consistent copy to `path` (which must not exist) while serving.
  virtual void backup(std::string path, Done<void> done) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // `loop` must outlive the session; close every session (destroy it on its loop) before stop().
  virtual std::unique_ptr<Session> open_session(EventLoop& loop) = 0;

  // Thread-safe.
  virtual Health health() const = 0;
  virtual Measures measures() const = 0;

  // The largest key in use, for IdSource.
  virtual std::int64_t largest_key() const = 0;

  // The latest schedule time that is known to have passed before this store was opened: schedule time must go on from there.
  virtual Timestamp latest_time() const = 0;

  // Finishes the writes that wait, then closes. Twice is fine.
  virtual void stop() = 0;
};

}  // namespace posthorn::store
