#include "store/sqlite/job_rows.h"

#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {

domain::Job read_job(const Cursor& row) {
  domain::Job job;
  job.id = {row.key<domain::JobKey>(0), row.salt(1)};
  job.tenant = row.key<TenantKey>(2);
  job.erased = row.key<TenantKey>(3);
  job.kind = static_cast<domain::JobKind>(row.integer(4));
  job.state = static_cast<domain::JobState>(row.integer(5));
  job.filter.subscription = {row.key<SubscriptionKey>(6), row.salt(7)};
  if (!row.is_null(8)) job.filter.state = read_state(row, 8);
  std::string_view topics = row.text(9);
  while (!topics.empty()) {
    const auto end = topics.find('\n');
    job.filter.topics.emplace_back(topics.substr(0, end));
    topics = end == std::string_view::npos ? std::string_view() : topics.substr(end + 1);
  }
  job.filter.since = row.time(10);
  job.filter.until = row.time(11);
  job.cursor = row.integer(12);
  job.end = row.integer(13);
  job.examined = row.salt(14);
  job.changed = row.salt(15);
  job.skipped = row.salt(16);
  if (!row.is_null(17)) job.total = row.salt(17);
  job.error = row.text(18);
  job.created_at = row.time(19);
  job.updated_at = row.time(20);
  return job;
}

std::string join_topics(const std::vector<std::string>& topics) {
  std::string text;
  for (const std::string& topic : topics) {
    if (!text.empty()) text += '\n';
    text += topic;
  }
  return text;
}

}  // namespace posthorn::store::sqlite
