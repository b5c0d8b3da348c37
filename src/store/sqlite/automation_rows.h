// Automations in the database: writes inside the writer's transaction, and the one read at start.
#pragma once

#include <vector>

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/access_writes.h"
#include "store/sqlite/known.h"

namespace posthorn::store::sqlite {

class AutomationWrites {
 public:
  AutomationWrites(Connection& connection, Known& known, AccessWrites& access)
      : connection_(connection), known_(known), access_(access) {}

  Result<Saved> save(const SaveAutomation& write);
  Result<void> remove(const DeleteAutomation& write);

 private:
  Connection& connection_;
  Known& known_;
  AccessWrites& access_;

  Statement find_{connection_, "SELECT revision, tenant FROM automations WHERE key = ?1"};
  Statement by_name_{connection_, "SELECT key FROM automations WHERE tenant = ?1 AND name = ?2"};
  Statement insert_{connection_,
                    "INSERT INTO automations(key, tenant, name, settings, revision, created, updated) "
                    "VALUES(?1, ?2, ?3, ?4, 1, ?5, ?6)"};
  Statement update_{connection_,
                    "UPDATE automations SET name = ?2, settings = ?3, revision = revision + 1, updated = ?4 WHERE key = ?1"};
  Statement delete_{connection_, "DELETE FROM automations WHERE key = ?1"};
};

// Errors: internal when a row is damaged.
Result<std::vector<domain::Automation>> read_automations(Connection& connection);

}  // namespace posthorn::store::sqlite
