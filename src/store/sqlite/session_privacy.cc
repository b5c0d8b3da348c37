// The session's verbs that make data go before its time.
#include "store/sqlite/session_ways.h"

namespace posthorn::store::sqlite {

void SqliteSession::expire_tenant(ExpireTenant operation, Done<Expired> done) {
  write<ExpireTenant, Expired>(
      {.write_class = WriteClass::engine, .rows = std::size_t{2} * operation.limit}, operation,
      [](Tables& tables, const ExpireTenant& expire) { return tables.tenant_expiry.step(expire); }, std::move(done));
}

void SqliteSession::expunge_event(ExpungeEvent operation, Done<ExpungedEvent> done) {
  write<ExpungeEvent, ExpungedEvent>(
      {.rows = std::size_t{2} * operation.limit}, operation,
      [](Tables& tables, const ExpungeEvent& expunge) {
        auto expunged = tables.tenant_expiry.expunge(expunge);
        if (expunged && !expunged->last) tables.erasure.note_finished();
        return expunged;
      },
      std::move(done));
}

void SqliteSession::start_erasure(StartErasure operation, Done<void> done) {
  write<StartErasure, void>(
      {.rows = 2}, std::move(operation), [](Tables& tables, const StartErasure& start) { return tables.erasure.start(start); },
      std::move(done));
}

void SqliteSession::erase_step(EraseStep operation, Done<domain::Job> done) {
  write<EraseStep, domain::Job>(
      {.write_class = WriteClass::engine, .rows = std::size_t{2} * operation.limit}, operation,
      [](Tables& tables, const EraseStep& step) { return tables.erasure.step(step); }, std::move(done));
}

}  // namespace posthorn::store::sqlite
