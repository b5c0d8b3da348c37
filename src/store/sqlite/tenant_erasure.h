// TenantErasure: removes every row of a tenant, one bounded step of a job at a time, inside the writer's transaction.
//
// Which tables hold a tenant's rows is asked of the schema: every table with a column `tenant`, and every table with a column
// `subscription` and no `tenant`; and the places of its subscriptions. A table that a later migration adds is covered when it
// follows that. Attempts and fan-outs go with their deliveries and events.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/privacy_operations.h"
#include "store/sqlite/catalogue_writes.h"
#include "store/sqlite/expiry.h"
#include "store/sqlite/job_writes.h"
#include "store/sqlite/statistics_log.h"

namespace posthorn::store::sqlite {

class TenantErasure {
 public:
  TenantErasure(Connection& connection, Known& known, CatalogueWrites& catalogue, JobWrites& jobs, Expiry& expiry,
                StatisticsLog& statistics)
      : connection_(connection), known_(known), catalogue_(catalogue), jobs_(jobs), expiry_(expiry), statistics_(statistics) {}

  Result<void> start(const StartErasure& write);
  Result<domain::Job> step(const EraseStep& write);

  // True once after a step that ended an erasure: the log still has what was erased.
  bool take_finished() { return std::exchange(finished_, false); }
  void note_finished() { finished_ = true; }

 private:
  // A statement that deletes at most ?2 rows of tenant ?1 from one table.
  struct Table {
    std::string sql;
    std::unique_ptr<Statement> statement;
  };

  void read_schema();
  void add_table(const std::string& name, const std::string& condition);

  Connection& connection_;
  Known& known_;
  CatalogueWrites& catalogue_;
  JobWrites& jobs_;
  Expiry& expiry_;
  StatisticsLog& statistics_;
  std::vector<Table> tables_;  // subscriptions last
  bool finished_ = false;

  Statement remove_tenant_{connection_, "DELETE FROM tenants WHERE key = ?1"};
};

}  // namespace posthorn::store::sqlite
