// The session's verbs on statistics.
#include "base/limits.h"
#include "store/sqlite/session_ways.h"

namespace posthorn::store::sqlite {
namespace {

struct FoldStatistics {};

}  // namespace

void SqliteSession::read_statistics(ReadStatistics query, Done<std::vector<HourCounters>> done) {
  fold_then_read(std::move(query), kStatisticsFoldsMax, std::move(done));
}

void SqliteSession::fold_then_read(ReadStatistics query, int steps_left, Done<std::vector<HourCounters>> done) {
  auto folded = [this, query = std::move(query), steps_left, done = std::move(done)](const Result<bool>& more) mutable {
    if (more && *more && steps_left > 1) return fold_then_read(std::move(query), steps_left - 1, std::move(done));
    read<std::vector<HourCounters>>(std::move(done),
                                    [query = std::move(query)](Reads& reads) { return reads.statistics.read(query); });
  };
  write<FoldStatistics, bool>(
      {.write_class = WriteClass::engine, .rows = kStatisticsFoldMax / 16}, {},
      [](Tables& tables, const FoldStatistics&) -> Result<bool> { return tables.statistics.fold(); }, std::move(folded));
}

}  // namespace posthorn::store::sqlite
