#include "store/sqlite/statistics_rows.h"

namespace posthorn::store::sqlite {
namespace {

domain::Counters read_counters(const Cursor& row, int column) {
  const Blob bytes = row.blob(column);
  return domain::Counters::decode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Result<void> StatisticsWrites::add(const AddStatistics& write) {
  for (const auto& [series, counters] : write.rows) {
    if (known_.is_deleted(series.tenant)) continue;
    domain::Counters sum = counters;
    bool there = false;
    if (Cursor row = find_.open(series.tenant, series.subscription, series.topic, series.hour); row.next()) {
      there = true;
      sum.add(read_counters(row, 0));
    }
    const std::string text = sum.encode();
    (there ? update_ : insert_).run(series.tenant, series.subscription, series.topic, series.hour, as_blob(text));
  }
  return {};
}

std::vector<HourCounters> StatisticsReads::read(const ReadStatistics& query) {
  std::vector<HourCounters> hours;
  Cursor row = hours_.open(query.tenant, query.subscription, query.topic, query.from_hour, query.until_hour);
  while (row.next()) hours.push_back({row.integer(0), read_counters(row, 1)});
  return hours;
}

}  // namespace posthorn::store::sqlite
