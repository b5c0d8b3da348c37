// The SQLite store: how it is opened, and what is done to a data folder that no server has open.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/sqlite/options.h"
#include "store/store.h"

namespace posthorn::store::sqlite {

// Makes what is missing, brings the schema up to date, and frees all shards: the folder's lock says that nobody else lives.
// `clock` must outlive the store. Errors: conflict (in use, made by a newer program, not ours), unavailable (cannot be opened
// or written), internal (damaged).
Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, const Clock& clock);

// Writes a consistent copy of the folder's database to `backup_file`, which must not exist. A server may be running on it: its
// writes go on and are not in the copy. Errors: not_found (no database), conflict (the file exists), unavailable.
Status backup_sqlite(const std::string& data_dir, const std::string& backup_file);

// Puts a backup in place. Errors: conflict when the folder has a database already; invalid_argument when the file is no sound
// backup; unavailable.
Status restore_sqlite(const std::string& backup_file, const std::string& data_dir);

// Writes the folder's database anew without unused pages and without old copies of rows in the slack of used ones. Needs as
// much free space again. Answers how many bytes it has now. Errors: conflict (in use), not_found (no database), unavailable.
Result<std::uint64_t> compact_sqlite(const std::string& data_dir);

// Rewrites every subscription's sealed secret, all or none. `reseal` gets the old bytes and answers the new ones; its first
// error ends it. Answers how many there were.
using Reseal = std::function<Result<std::string>(SubscriptionId, std::string_view)>;
Result<std::uint64_t> reseal_sqlite(const std::string& data_dir, const Reseal& reseal);

}  // namespace posthorn::store::sqlite
