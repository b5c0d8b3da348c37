// SqliteSession: one loop's way into the store. It gathers the writes of one loop iteration and hands them over together.
//
// Lifecycle: the destructor (on the loop) hands over what is gathered and waits until everything under way is written and
// posted
//   back; the completions of a closed session do not run.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "store/sqlite/backup.h"
#include "store/sqlite/reader_pool.h"
#include "store/sqlite/writer.h"
#include "store/store.h"

namespace posthorn::store::sqlite {

class SqliteSession final : public Session {
 public:
  SqliteSession(EventLoop& loop, Writer& writer, ReaderPool& readers, BackupRunner& backups);
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;
  ~SqliteSession() override;

  void save_tenant(SaveTenant write, Done<Saved> done) override;
  void delete_tenant(DeleteTenant write, Done<void> done) override;
  void save_topic(SaveTopic write, Done<Saved> done) override;
  void delete_topic(DeleteTopic write, Done<void> done) override;
  void save_scope(SaveScope write, Done<Saved> done) override;
  void delete_scope(DeleteScope write, Done<void> done) override;
  void save_subscription(SaveSubscription write, Done<SavedSubscription> done) override;
  void delete_subscription(DeleteSubscription write, Done<void> done) override;
  void save_automation(SaveAutomation write, Done<Saved> done) override;
  void delete_automation(DeleteAutomation write, Done<void> done) override;
  void save_credential(SaveCredential write, Done<void> done) override;
  void load_catalogue(Done<Catalogue> done) override;

  void save_account(SaveAccount write, Done<Saved> done) override;
  void delete_account(DeleteAccount write, Done<void> done) override;
  void touch_accounts(TouchAccounts write, Done<void> done) override;
  void save_grant(SaveGrant write, Done<void> done) override;
  void delete_grant(DeleteGrant write, Done<void> done) override;
  void save_issuer(SaveIssuer write, Done<Saved> done) override;
  void delete_issuer(DeleteIssuer write, Done<void> done) override;
  void save_signing_key(SaveSigningKey write, Done<void> done) override;
  void delete_signing_key(DeleteSigningKey write, Done<void> done) override;
  void load_access(Done<AccessRows> done) override;
  void record_audit(RecordAudit write, Done<void> done) override;
  void list_audit(ListAudit query, Done<Page<AuditEntry>> done) override;

  void accept_events(AcceptEvents write, Done<std::vector<Result<AcceptedEvent>>> done) override;
  void advance_fanout(AdvanceFanout write, Done<void> done) override;
  void record_attempt(std::shared_ptr<const RecordAttempt> write, Done<RecordedAttempt> done) override;
  void resend_delivery(ResendDelivery write, Done<domain::PendingDelivery> done) override;
  void cancel_delivery(CancelDelivery write, Done<void> done) override;
  void cancel_deliveries_of(CancelDeliveriesOf write, Done<std::uint64_t> done) override;
  void expire(Expire write, Done<Expired> done) override;

  void claim_shards(ClaimShards write, Done<std::vector<Lease>> done) override;
  void renew_shards(RenewShards write, Done<std::vector<Lease>> done) override;

  void lanes_with_work(std::vector<std::uint32_t> shards, Done<std::vector<LaneWork>> done) override;
  void load_pending(LoadPending query, Done<std::vector<domain::PendingDelivery>> done) override;
  void load_ordered(LoadOrdered query, Done<OrderedPage> done) override;
  void load_health(Done<std::vector<EndpointHealth>> done) override;
  void unfinished_fanouts(Done<std::vector<UnfinishedFanout>> done) override;
  void count_pending(Done<PendingCount> done) override;

  void find_event(FindEvent query, Done<EventRow> done) override;
  void list_events(ListEvents query, Done<Page<EventRow>> done) override;
  void find_delivery(FindDelivery query, Done<domain::Delivery> done) override;
  void list_deliveries(ListDeliveries query, Done<Page<domain::Delivery>> done) override;
  void list_attempts(ListAttempts query, Done<std::vector<domain::Attempt>> done) override;

  void start_job(StartJob write, Done<void> done) override;
  void change_job(ChangeJob write, Done<domain::Job> done) override;
  void fail_job(FailJob write, Done<void> done) override;
  void advance_job(AdvanceJob write, Done<AdvancedJob> done) override;
  void find_job(FindJob query, Done<domain::Job> done) override;
  void list_jobs(ListJobs query, Done<Page<domain::Job>> done) override;
  void running_jobs(std::vector<std::uint32_t> shards, Done<std::vector<domain::Job>> done) override;
  void scan_for_job(ScanForJob query, Done<JobScan> done) override;
  void count_for_job(domain::Job job, Done<std::uint64_t> done) override;

  void poll_deliveries(PollDeliveries query, Done<PolledPage> done) override;
  void acknowledge_polled(AcknowledgePolled write, Done<AcknowledgedPolled> done) override;

  void expire_tenant(ExpireTenant write, Done<Expired> done) override;
  void expunge_event(ExpungeEvent write, Done<ExpungedEvent> done) override;
  void start_erasure(StartErasure write, Done<void> done) override;
  void erase_step(EraseStep write, Done<domain::Job> done) override;
  void read_statistics(ReadStatistics query, Done<std::vector<HourCounters>> done) override;

  void backup(std::string path, Done<void> done) override;

 private:
  struct Cost {
    WriteClass write_class = WriteClass::publisher;
    std::size_t rows = 1;
    std::size_t bytes = 256;
  };

  void gather(std::unique_ptr<Write> write);
  void flush();
  void fold_then_read(ReadStatistics query, int steps_left, Done<std::vector<HourCounters>> done);
  template <class Operation, class T>
  void write(Cost cost, Operation operation, typename WholeWrite<Operation, T>::Function function, Done<T> done);
  // `query` answers T or Result<T>.
  template <class T, class Query>
  void read(Done<T> done, Query query);
  template <class T>
  void post(Done<T> done, Result<T> result);

  Writer& writer_;
  ReaderPool& readers_;
  BackupRunner& backups_;
  const std::shared_ptr<SessionState> state_;
  std::vector<std::unique_ptr<Write>> gathered_;
};

}  // namespace posthorn::store::sqlite
