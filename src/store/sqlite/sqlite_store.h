// The SQLite store: how it is opened, and what is done to a data folder that no server has open.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/sqlite/data_folder.h"
#include "store/sqlite/options.h"
#include "store/store.h"

namespace posthorn::store::sqlite {

// Makes what is missing, brings the schema up to date, and frees all shards: the folder's lock says that nobody else lives.
// `clock` must outlive the store. `held`: the folder's lock, when the caller has it already; the store keeps it then.
// Errors: conflict (in use, made by a newer program, not ours), unavailable (cannot be opened or written), internal (damaged).
Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, const Clock& clock, std::unique_ptr<DataFolder> held = {});

// Writes a consistent copy of the folder's database to `backup_file`, which must not exist. A server may be running on it: its
// writes go on and are not in the copy. Errors: not_found (no database), conflict (the file exists; a newer program's schema,
// which nothing here could restore), unavailable.
Status backup_sqlite(const std::string& data_dir, const std::string& backup_file);

// Puts a backup in place. Errors: conflict when the folder has a database already; invalid_argument when the file is no sound
// backup; unavailable.
Status restore_sqlite(const std::string& backup_file, const std::string& data_dir);

// Writes the folder's database anew without unused pages and without old copies of rows in the slack of used ones. Needs as
// much free space again. Answers how many bytes it has now. Errors: conflict (in use), not_found (no database), unavailable.
Result<std::uint64_t> compact_sqlite(const std::string& data_dir);

// Rewrites everything that is sealed, all or none. Each function gets the old bytes and answers the new ones; the first error
// ends it. Answers how many subscriptions there were.
struct Reseal {
  std::function<Result<std::string>(SubscriptionId, std::string_view)> secret;
  std::function<Result<std::string>(const std::string& key_id, std::string_view)> signing_key;
};
Result<std::uint64_t> reseal_sqlite(const DataFolder& folder, const Reseal& reseal);

}  // namespace posthorn::store::sqlite
