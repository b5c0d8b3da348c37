// The session's verbs on statistics.
#include "store/sqlite/session_ways.h"

namespace posthorn::store::sqlite {

void SqliteSession::add_statistics(AddStatistics operation, Done<void> done) {
  const std::size_t rows = operation.rows.size();
  write<AddStatistics, void>(
      {.write_class = WriteClass::engine, .rows = rows, .bytes = rows * 256}, std::move(operation),
      [](Tables& tables, const AddStatistics& add) { return tables.statistics.add(add); }, std::move(done));
}

void SqliteSession::read_statistics(ReadStatistics query, Done<std::vector<HourCounters>> done) {
  read<std::vector<HourCounters>>(std::move(done),
                                  [query = std::move(query)](Reads& reads) { return reads.statistics.read(query); });
}

}  // namespace posthorn::store::sqlite
