// The store's operations on automations. See operations.h and store.h for the rules that hold for all.
#pragma once

#include <cstdint>

#include "domain/outbound/automation.h"

namespace posthorn::store {

struct SaveAutomation {
  domain::Automation automation;
  std::int64_t expected_revision = 0;
};
struct DeleteAutomation {
  AutomationKey automation;
  std::int64_t expected_revision = 0;
};

}  // namespace posthorn::store
