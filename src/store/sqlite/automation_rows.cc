#include "store/sqlite/automation_rows.h"

#include <optional>

namespace posthorn::store::sqlite {
namespace {

constexpr const char* kAutomations =
    "SELECT a.key, a.tenant, a.name, a.settings, a.revision, a.created, a.updated FROM automations a "
    "WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE key = a.tenant AND deleted > 0) ORDER BY a.key";

struct Stored {
  std::int64_t revision;
  TenantKey tenant;
};

std::optional<Stored> find(Statement& statement, AutomationKey key) {
  Cursor row = statement.open(key);
  if (!row.next()) return std::nullopt;
  return Stored{row.integer(0), row.key<TenantKey>(1)};
}

Error revision_mismatch() {
  return {ErrorKind::precondition_failed, "revision_mismatch", "it was changed meanwhile", {}, std::nullopt};
}

}  // namespace

Result<Saved> AutomationWrites::save(const SaveAutomation& write) {
  const domain::Automation& automation = write.automation;
  if (known_.is_deleted(automation.tenant)) return not_found("the tenant does not exist");
  const auto stored = find(find_, automation.key);
  if (write.expected_revision == 0 && stored) return conflict({}, "it exists already");
  if (write.expected_revision != 0) {
    if (!stored || stored->tenant != automation.tenant) return not_found("it does not exist");
    if (stored->revision != write.expected_revision) return revision_mismatch();
  }
  if (Cursor row = by_name_.open(automation.tenant, automation.name);
      row.next() && row.key<AutomationKey>(0) != automation.key) {
    return conflict("name", "the name is taken", "name_taken");
  }
  access_.note(write.audit);
  const std::string settings = domain::encode_automation(automation.settings);
  if (stored) {
    update_.run(automation.key, automation.name, settings, automation.updated_at);
    return Saved{stored->revision + 1};
  }
  insert_.run(automation.key, automation.tenant, automation.name, settings, automation.created_at, automation.updated_at);
  return Saved{1};
}

Result<void> AutomationWrites::remove(const DeleteAutomation& write) {
  const auto stored = find(find_, write.automation);
  if (!stored) return not_found("it does not exist");
  if (write.expected_revision != 0 && stored->revision != write.expected_revision) return revision_mismatch();
  delete_.run(write.automation);
  access_.note(write.audit);
  return {};
}

Result<std::vector<domain::Automation>> read_automations(Connection& connection) {
  std::vector<domain::Automation> automations;
  Statement statement(connection, kAutomations);
  for (Cursor row = statement.open(); row.next();) {
    domain::Automation& automation = automations.emplace_back();
    automation.key = row.key<AutomationKey>(0);
    automation.tenant = row.key<TenantKey>(1);
    automation.name = row.text(2);
    auto settings = domain::decode_automation(row.text(3));
    if (!settings) {
      return internal_error("automation " + automation.name + " cannot be read from the store: " + settings.error().message);
    }
    automation.settings = std::move(*settings);
    automation.revision = row.integer(4);
    automation.created_at = row.time(5);
    automation.updated_at = row.time(6);
  }
  return automations;
}

}  // namespace posthorn::store::sqlite
