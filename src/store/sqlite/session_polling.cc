// The session's verbs on subscriptions that are read by their consumer.
#include "store/sqlite/session_ways.h"

namespace posthorn::store::sqlite {

void SqliteSession::poll_deliveries(PollDeliveries query, Done<PolledPage> done) {
  read<PolledPage>(std::move(done), [query](Reads& reads) { return reads.polling.poll(query); });
}

void SqliteSession::acknowledge_polled(AcknowledgePolled operation, Done<AcknowledgedPolled> done) {
  write<AcknowledgePolled, AcknowledgedPolled>(
      {.rows = operation.limit}, operation,
      [](Tables& tables, const AcknowledgePolled& acknowledge) { return tables.polling.acknowledge(acknowledge); },
      std::move(done));
}

}  // namespace posthorn::store::sqlite
