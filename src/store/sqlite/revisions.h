// What saving and removing a row with a revision has in common.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/result.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

struct Stored {
  std::int64_t revision;
  TenantKey tenant;
};

inline std::optional<Stored> find_stored(Statement& statement, std::int64_t key) {
  Cursor row = statement.open(key);
  if (!row.next()) return std::nullopt;
  return Stored{row.integer(0), row.key<TenantKey>(1)};
}

inline Error revision_mismatch() {
  return {ErrorKind::precondition_failed, "revision_mismatch", "it was changed meanwhile", {}, std::nullopt};
}

// What save_* answers apart from names: nothing stored for a new row, the expected revision for a change.
inline Status check_revision(const std::optional<Stored>& stored, TenantKey tenant, std::int64_t expected) {
  if (expected == 0) return stored ? Status(conflict({}, "it exists already")) : Status();
  if (!stored || stored->tenant != tenant) return not_found("it does not exist");
  return stored->revision == expected ? Status() : Status(revision_mismatch());
}

inline Status check_removal(const std::optional<Stored>& stored, std::int64_t expected) {
  if (!stored) return not_found("it does not exist");
  return expected == 0 || stored->revision == expected ? Status() : Status(revision_mismatch());
}

}  // namespace posthorn::store::sqlite
