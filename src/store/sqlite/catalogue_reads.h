// Reading the catalogue: what engines keep in memory, once at start.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

class CatalogueReads {
 public:
  explicit CatalogueReads(Connection& connection) : connection_(connection) {}

  // Errors: internal when a row is damaged.
  Result<Catalogue> load();

 private:
  std::vector<domain::Tenant> tenants();
  std::vector<domain::Topic> topics();
  std::vector<domain::Scope> scopes();
  Result<std::vector<domain::Subscription>> subscriptions();
  std::vector<Credential> credentials();

  Connection& connection_;
};

}  // namespace posthorn::store::sqlite
