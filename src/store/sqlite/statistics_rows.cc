#include "store/sqlite/statistics_rows.h"

namespace posthorn::store::sqlite {

std::vector<HourCounters> StatisticsReads::read(const ReadStatistics& query) {
  std::vector<HourCounters> hours;
  Cursor row = hours_.open(query.tenant, query.subscription, query.topic, query.from_hour, query.until_hour);
  while (row.next()) hours.push_back({row.integer(0), domain::Counters::decode(row.bytes(1))});
  return hours;
}

}  // namespace posthorn::store::sqlite
