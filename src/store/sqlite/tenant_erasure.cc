#include "store/sqlite/tenant_erasure.h"

#include "store/sqlite/secure_delete.h"

namespace posthorn::store::sqlite {

Result<void> TenantErasure::start(const StartErasure& write) {
  if (known_.is_deleted(write.job.erased)) return not_found("the tenant does not exist");
  if (auto removed = catalogue_.remove(DeleteTenant{write.job.erased, write.expected_revision, write.audit}); !removed)
    return removed;
  return jobs_.start({write.job});
}

void TenantErasure::add_table(const std::string& name, const std::string& condition) {
  std::string key;
  Statement columns(connection_, "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk");
  for (Cursor row = columns.open(std::string_view(name)); row.next();) {
    if (!key.empty()) key += ", ";
    key += row.text(0);
  }
  if (key.empty()) key = "rowid";
  Table table;
  table.sql =
      "DELETE FROM " + name + " WHERE (" + key + ") IN (SELECT " + key + " FROM " + name + " WHERE " + condition + " LIMIT ?2)";
  tables_.push_back(std::move(table));
}

void TenantErasure::read_schema() {
  Statement with_tenant(connection_,
                        "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' "
                        "AND c.name = 'tenant' AND m.name NOT IN ('events', 'deliveries', 'subscriptions')");
  Statement with_subscription(connection_,
                              "SELECT m.name FROM sqlite_schema m WHERE m.type = 'table' "
                              "AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'subscription') "
                              "AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'tenant')");
  std::vector<std::string> direct;
  std::vector<std::string> by_subscription;
  for (Cursor row = with_tenant.open(); row.next();) direct.emplace_back(row.text(0));
  for (Cursor row = with_subscription.open(); row.next();) by_subscription.emplace_back(row.text(0));
  for (const auto& name : by_subscription) {
    add_table(name, "subscription IN (SELECT key FROM subscriptions WHERE tenant = ?1)");
  }
  add_table("places", "owner IN (SELECT key FROM subscriptions WHERE tenant = ?1)");
  for (const auto& name : direct) add_table(name, "tenant = ?1");
  add_table("subscriptions", "tenant = ?1");
  for (Table& table : tables_) table.statement = std::make_unique<Statement>(connection_, table.sql.c_str());
}

Result<domain::Job> TenantErasure::step(const EraseStep& write) {
  auto job = jobs_.runnable(write.lease, write.job);
  if (!job) return job;
  if (tables_.empty()) read_schema();
  const SecureDelete secure(connection_);
  std::size_t left = write.limit;
  std::uint64_t removed = expiry_.remove_rows_of(job->erased, left);
  left -= std::min<std::size_t>(left, removed);
  for (Table& table : tables_) {
    if (left == 0) break;
    const auto count = static_cast<std::uint64_t>(table.statement->run(job->erased, left));
    removed += count;
    left -= std::min<std::size_t>(left, count);
  }
  const bool counted = left > 0 && statistics_.fold();  // the log names the tenant's topics
  if (left > 0 && !counted) {
    remove_tenant_.run(job->erased);
    known_.add_erased(job->erased);
    known_.forget();
    job->state = domain::JobState::done;
    finished_ = true;
    ++removed;
  }
  job->examined += removed;
  job->changed += removed;
  job->updated_at = write.now;
  jobs_.save_progress(*job);
  return job;
}

}  // namespace posthorn::store::sqlite
