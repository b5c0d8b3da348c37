// The store's operations on automations. See operations.h and store.h for the rules that hold for all.
#pragma once

#include <cstdint>
#include <optional>

#include "domain/outbound/automation.h"
#include "store/access_operations.h"

namespace posthorn::store {

struct SaveAutomation {
  domain::Automation automation;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct DeleteAutomation {
  AutomationKey automation;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};

}  // namespace posthorn::store
