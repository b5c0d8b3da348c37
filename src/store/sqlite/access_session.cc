// The session's verbs about access.
#include "store/sqlite/session_ways.h"

namespace posthorn::store::sqlite {

namespace {

std::size_t bytes_of(const std::optional<AuditEntry>& audit) {
  return audit ? kPlainBytes + audit->before.size() + audit->after.size() : kPlainBytes;
}

}  // namespace

void SqliteSession::save_account(SaveAccount operation, Done<Saved> done) {
  const std::size_t bytes = bytes_of(operation.audit);
  write<SaveAccount, Saved>(
      {.rows = 2, .bytes = bytes}, std::move(operation),
      [](Tables& tables, const SaveAccount& save) { return tables.access.save(save); }, std::move(done));
}

void SqliteSession::delete_account(DeleteAccount operation, Done<void> done) {
  const std::size_t bytes = bytes_of(operation.audit);
  write<DeleteAccount, void>(
      {.rows = 2, .bytes = bytes}, std::move(operation),
      [](Tables& tables, const DeleteAccount& remove) { return tables.access.remove(remove); }, std::move(done));
}

void SqliteSession::touch_accounts(TouchAccounts operation, Done<void> done) {
  const Cost cost{WriteClass::engine, operation.used.size(), kPlainBytes + operation.used.size() * sizeof(operation.used[0])};
  write<TouchAccounts, void>(
      cost, std::move(operation), [](Tables& tables, const TouchAccounts& touch) { return tables.access.touch(touch); },
      std::move(done));
}

void SqliteSession::save_grant(SaveGrant operation, Done<void> done) {
  const std::size_t bytes = bytes_of(operation.audit);
  write<SaveGrant, void>(
      {.rows = 2, .bytes = bytes}, std::move(operation),
      [](Tables& tables, const SaveGrant& save) { return tables.access.save(save); }, std::move(done));
}

void SqliteSession::delete_grant(DeleteGrant operation, Done<void> done) {
  const std::size_t bytes = bytes_of(operation.audit);
  write<DeleteGrant, void>(
      {.rows = 2, .bytes = bytes}, std::move(operation),
      [](Tables& tables, const DeleteGrant& remove) { return tables.access.remove(remove); }, std::move(done));
}

void SqliteSession::save_issuer(SaveIssuer operation, Done<Saved> done) {
  const std::size_t bytes = bytes_of(operation.audit) * 2;
  write<SaveIssuer, Saved>(
      {.rows = 2, .bytes = bytes}, std::move(operation),
      [](Tables& tables, const SaveIssuer& save) { return tables.access.save(save); }, std::move(done));
}

void SqliteSession::delete_issuer(DeleteIssuer operation, Done<void> done) {
  const std::size_t bytes = bytes_of(operation.audit);
  write<DeleteIssuer, void>(
      {.rows = 2, .bytes = bytes}, std::move(operation),
      [](Tables& tables, const DeleteIssuer& remove) { return tables.access.remove(remove); }, std::move(done));
}

void SqliteSession::save_signing_key(SaveSigningKey operation, Done<void> done) {
  write<SaveSigningKey, void>(
      {.bytes = kPlainBytes}, std::move(operation),
      [](Tables& tables, const SaveSigningKey& save) { return tables.access.save(save); }, std::move(done));
}

void SqliteSession::delete_signing_key(DeleteSigningKey operation, Done<void> done) {
  write<DeleteSigningKey, void>(
      {}, std::move(operation), [](Tables& tables, const DeleteSigningKey& remove) { return tables.access.remove(remove); },
      std::move(done));
}

void SqliteSession::load_access(Done<AccessRows> done) {
  read<AccessRows>(std::move(done), [](Reads& reads) { return reads.access.load(); });
}

void SqliteSession::record_audit(RecordAudit operation, Done<void> done) {
  const std::size_t bytes = kPlainBytes + operation.entry.before.size() + operation.entry.after.size();
  write<RecordAudit, void>(
      {.bytes = bytes}, std::move(operation),
      [](Tables& tables, const RecordAudit& record) { return tables.access.record(record); }, std::move(done));
}

void SqliteSession::list_audit(ListAudit query, Done<Page<AuditEntry>> done) {
  read<Page<AuditEntry>>(std::move(done), [query = std::move(query)](Reads& reads) { return reads.access.list(query); });
}

}  // namespace posthorn::store::sqlite
