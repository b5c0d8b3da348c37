#include "store/sqlite/session.h"

#include "store/sqlite/session_ways.h"

namespace posthorn::store::sqlite {

SqliteSession::SqliteSession(EventLoop& loop, Writer& writer, ReaderPool& readers, BackupRunner& backups)
    : writer_(writer), readers_(readers), backups_(backups), state_(std::make_shared<SessionState>(loop)) {}

SqliteSession::~SqliteSession() {
  state_->open = false;
  flush();
  state_->wait_until_posted();
}

// --- ways in -------------------------------------------------------------------------------------------------------------

void SqliteSession::gather(std::unique_ptr<Write> write) {
  if (gathered_.empty()) {
    state_->loop.post([this, state = state_] {
      if (state->open) flush();
    });
  }
  gathered_.push_back(std::move(write));
}

void SqliteSession::flush() {
  if (gathered_.empty()) return;
  state_->started(static_cast<int>(gathered_.size()));
  writer_.submit(std::exchange(gathered_, {}));
}

// --- catalogue -----------------------------------------------------------------------------------------------------------

void SqliteSession::save_tenant(SaveTenant operation, Done<Saved> done) {
  const std::size_t bytes = kPlainBytes + operation.tenant.settings.size();
  write<SaveTenant, Saved>(
      {.bytes = bytes}, std::move(operation),
      [](Tables& tables, const SaveTenant& save) { return tables.catalogue.save(save); }, std::move(done));
}

void SqliteSession::delete_tenant(DeleteTenant operation, Done<void> done) {
  write<DeleteTenant, void>(
      {}, operation, [](Tables& tables, const DeleteTenant& remove) { return tables.catalogue.remove(remove); },
      std::move(done));
}

void SqliteSession::save_topic(SaveTopic operation, Done<Saved> done) {
  const std::size_t bytes = kPlainBytes + operation.topic.schema.size() + operation.topic.example.size();
  write<SaveTopic, Saved>(
      {.bytes = bytes}, std::move(operation), [](Tables& tables, const SaveTopic& save) { return tables.catalogue.save(save); },
      std::move(done));
}

void SqliteSession::delete_topic(DeleteTopic operation, Done<void> done) {
  write<DeleteTopic, void>(
      {}, operation, [](Tables& tables, const DeleteTopic& remove) { return tables.catalogue.remove(remove); },
      std::move(done));
}

void SqliteSession::save_scope(SaveScope operation, Done<Saved> done) {
  write<SaveScope, Saved>(
      {.bytes = kPlainBytes}, std::move(operation),
      [](Tables& tables, const SaveScope& save) { return tables.catalogue.save(save); }, std::move(done));
}

void SqliteSession::delete_scope(DeleteScope operation, Done<void> done) {
  write<DeleteScope, void>(
      {}, operation, [](Tables& tables, const DeleteScope& remove) { return tables.catalogue.remove(remove); },
      std::move(done));
}

void SqliteSession::save_subscription(SaveSubscription operation, Done<SavedSubscription> done) {
  write<SaveSubscription, SavedSubscription>(
      {.bytes = 4 * kPlainBytes}, std::move(operation),
      [](Tables& tables, const SaveSubscription& save) { return tables.catalogue.save(save); }, std::move(done));
}

void SqliteSession::delete_subscription(DeleteSubscription operation, Done<void> done) {
  write<DeleteSubscription, void>(
      {}, operation, [](Tables& tables, const DeleteSubscription& remove) { return tables.catalogue.remove(remove); },
      std::move(done));
}

void SqliteSession::save_automation(SaveAutomation operation, Done<Saved> done) {
  write<SaveAutomation, Saved>(
      {.bytes = 8 * kPlainBytes}, std::move(operation),
      [](Tables& tables, const SaveAutomation& save) { return tables.automations.save(save); }, std::move(done));
}

void SqliteSession::delete_automation(DeleteAutomation operation, Done<void> done) {
  write<DeleteAutomation, void>(
      {}, operation, [](Tables& tables, const DeleteAutomation& remove) { return tables.automations.remove(remove); },
      std::move(done));
}

void SqliteSession::save_credential(SaveCredential operation, Done<void> done) {
  write<SaveCredential, void>(
      {}, std::move(operation), [](Tables& tables, const SaveCredential& save) { return tables.catalogue.save(save); },
      std::move(done));
}

void SqliteSession::load_catalogue(Done<Catalogue> done) {
  read<Catalogue>(std::move(done), [](Reads& reads) { return reads.catalogue.load(); });
}

// --- events and deliveries -------------------------------------------------------------------------------------------------

void SqliteSession::accept_events(AcceptEvents operation, Done<std::vector<Result<AcceptedEvent>>> done) {
  auto accept = std::make_unique<AcceptWrite>(state_, std::move(operation), std::move(done));
  if (writer_.admit(accept->write_class(), accept->bytes())) return gather(std::move(accept));
  accept->fail(unavailable("too many writes wait", "store_busy"));
  state_->loop.post([state = state_, refused = std::move(accept)] {
    if (state->open) refused->complete();
  });
}

void SqliteSession::advance_fanout(AdvanceFanout operation, Done<void> done) {
  const std::size_t rows = 1 + operation.deliveries.size();
  const Cost cost{WriteClass::engine, rows, kPlainBytes + rows * sizeof(NewDelivery)};
  write<AdvanceFanout, void>(
      cost, std::move(operation), [](Tables& tables, const AdvanceFanout& advance) { return tables.events.advance(advance); },
      std::move(done));
}

void SqliteSession::record_attempt(std::shared_ptr<const RecordAttempt> operation, Done<RecordedAttempt> done) {
  using Shared = std::shared_ptr<const RecordAttempt>;
  const Cost cost{WriteClass::engine, 2, kPlainBytes + operation->attempt.response.size() + operation->attempt.detail.size()};
  write<Shared, RecordedAttempt>(
      cost, std::move(operation), [](Tables& tables, const Shared& record) { return tables.deliveries.record(*record); },
      std::move(done));
}

void SqliteSession::resend_delivery(ResendDelivery operation, Done<domain::PendingDelivery> done) {
  write<ResendDelivery, domain::PendingDelivery>(
      {.rows = 2}, operation, [](Tables& tables, const ResendDelivery& resend) { return tables.deliveries.resend(resend); },
      std::move(done));
}

void SqliteSession::cancel_delivery(CancelDelivery operation, Done<void> done) {
  write<CancelDelivery, void>(
      {}, operation, [](Tables& tables, const CancelDelivery& cancel) { return tables.deliveries.cancel(cancel); },
      std::move(done));
}

void SqliteSession::cancel_deliveries_of(CancelDeliveriesOf operation, Done<std::uint64_t> done) {
  write<CancelDeliveriesOf, std::uint64_t>(
      {.write_class = WriteClass::engine, .rows = operation.limit}, operation,
      [](Tables& tables, const CancelDeliveriesOf& cancel) { return tables.deliveries.cancel_of(cancel); }, std::move(done));
}

void SqliteSession::expire(Expire operation, Done<Expired> done) {
  write<Expire, Expired>(
      {.write_class = WriteClass::engine, .rows = std::size_t{2} * operation.limit}, operation,
      [](Tables& tables, const Expire& expire) {
        tables.statistics.fold();
        return tables.expiry.step(expire);
      },
      std::move(done));
}

// --- shards ----------------------------------------------------------------------------------------------------------------

void SqliteSession::claim_shards(ClaimShards operation, Done<std::vector<Lease>> done) {
  write<ClaimShards, std::vector<Lease>>(
      {.write_class = WriteClass::engine, .rows = kShardCount}, std::move(operation),
      [](Tables& tables, const ClaimShards& claim) { return tables.shards.claim(claim); }, std::move(done));
}

void SqliteSession::renew_shards(RenewShards operation, Done<std::vector<Lease>> done) {
  const Cost cost{.write_class = WriteClass::engine, .rows = operation.leases.size()};
  write<RenewShards, std::vector<Lease>>(
      cost, std::move(operation), [](Tables& tables, const RenewShards& renew) { return tables.shards.renew(renew); },
      std::move(done));
}

// --- reads -----------------------------------------------------------------------------------------------------------------

void SqliteSession::lanes_with_work(std::vector<std::uint32_t> shards, Done<std::vector<LaneWork>> done) {
  read<std::vector<LaneWork>>(std::move(done),
                              [shards = std::move(shards)](Reads& reads) { return reads.engine.lanes_with_work(shards); });
}

void SqliteSession::load_pending(LoadPending query, Done<std::vector<domain::PendingDelivery>> done) {
  read<std::vector<domain::PendingDelivery>>(std::move(done),
                                             [query](Reads& reads) { return reads.engine.load_pending(query); });
}

void SqliteSession::load_ordered(LoadOrdered query, Done<OrderedPage> done) {
  read<OrderedPage>(std::move(done), [query](Reads& reads) { return reads.engine.load_ordered(query); });
}

void SqliteSession::load_health(Done<std::vector<EndpointHealth>> done) {
  read<std::vector<EndpointHealth>>(std::move(done), [](Reads& reads) { return reads.engine.load_health(); });
}

void SqliteSession::unfinished_fanouts(Done<std::vector<UnfinishedFanout>> done) {
  read<std::vector<UnfinishedFanout>>(std::move(done), [](Reads& reads) { return reads.engine.unfinished_fanouts(); });
}

void SqliteSession::count_pending(Done<PendingCount> done) {
  read<PendingCount>(std::move(done), [](Reads& reads) { return reads.engine.count_pending(); });
}

void SqliteSession::find_event(FindEvent query, Done<EventRow> done) {
  read<EventRow>(std::move(done), [query = std::move(query)](Reads& reads) { return reads.lists.find_event(query); });
}

void SqliteSession::list_events(ListEvents query, Done<Page<EventRow>> done) {
  read<Page<EventRow>>(std::move(done), [query = std::move(query)](Reads& reads) { return reads.lists.list_events(query); });
}

void SqliteSession::find_delivery(FindDelivery query, Done<domain::Delivery> done) {
  read<domain::Delivery>(std::move(done), [query](Reads& reads) { return reads.lists.find_delivery(query); });
}

void SqliteSession::list_deliveries(ListDeliveries query, Done<Page<domain::Delivery>> done) {
  read<Page<domain::Delivery>>(std::move(done),
                               [query = std::move(query)](Reads& reads) { return reads.lists.list_deliveries(query); });
}

void SqliteSession::list_attempts(ListAttempts query, Done<std::vector<domain::Attempt>> done) {
  read<std::vector<domain::Attempt>>(std::move(done), [query](Reads& reads) { return reads.lists.list_attempts(query); });
}

void SqliteSession::backup(std::string path, Done<void> done) {
  auto owned = std::make_unique<Done<void>>(std::move(done));
  state_->started(1);
  backups_.start(std::move(path), [state = state_, owned = std::move(owned)](Result<void> result) mutable {
    state->loop.post([state, owned = std::move(owned), result = std::move(result)]() mutable {
      if (state->open) (*owned)(std::move(result));
    });
    state->posted(1);
  });
}

}  // namespace posthorn::store::sqlite
