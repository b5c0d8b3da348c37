// What is done to a data folder that no server has open: restoring a backup, sealing the secrets anew.
#include <filesystem>
#include <utility>
#include <vector>

#include "base/text.h"
#include "store/sqlite/data_folder.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::store::sqlite {
namespace {

Error failure(const std::string& what, const DatabaseError& error) {
  return unavailable(what + ": " + error.what(), "database_unusable");
}

Error not_a_backup(const std::string& file, const std::string& why) {
  return invalid("file", file + " is not a sound backup of Posthorn: " + why, "unsound_backup");
}

// A path as SQLite's URI names it (sqlite.org/uri.html).
std::string uri_of(const std::string& path) {
  static constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/";
  std::string uri = "file:";
  for (const char c : path) {
    if (std::string_view(kPlain).find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += '%' + hex_encode(std::string_view(&c, 1));
    }
  }
  return uri;
}

Status check_backup(const std::string& file) {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(file, missing)) return not_a_backup(file, "there is no such file");
  try {
    // Immutable: the backup's folder may be read-only, and nothing is to be made beside it.
    Connection connection(uri_of(file) + "?immutable=1", Connection::Mode::read_only, {});
    if (connection.query_integer("PRAGMA application_id") != kApplicationId) return not_a_backup(file, "it is something else");
    if (auto checked = check_schema(connection); !checked) return checked;
    const std::string verdict = connection.query_text("PRAGMA integrity_check(1)");
    if (verdict != "ok") return not_a_backup(file, verdict);
  } catch (const DatabaseError& error) {
    return not_a_backup(file, error.what());
  }
  return {};
}

template <class Id>
struct Sealed {
  Id id;
  std::string bytes;
};

std::string bytes_of(const Blob& blob) { return {blob.begin(), blob.end()}; }

std::vector<Sealed<SubscriptionId>> sealed_secrets(Connection& connection) {
  std::vector<Sealed<SubscriptionId>> found;
  Statement statement(connection, "SELECT key, salt, sealed_secret FROM subscriptions ORDER BY key");
  for (Cursor row = statement.open(); row.next();) {
    found.push_back({{row.key<SubscriptionKey>(0), row.salt(1)}, bytes_of(row.blob(2))});
  }
  return found;
}

std::vector<Sealed<std::string>> sealed_signing_keys(Connection& connection) {
  std::vector<Sealed<std::string>> found;
  Statement statement(connection, "SELECT id, sealed FROM signing_keys ORDER BY id");
  for (Cursor row = statement.open(); row.next();) {
    found.push_back({std::string(row.text(0)), bytes_of(row.blob(1))});
  }
  return found;
}

// Answers how many subscriptions there were. The transaction is the caller's.
Result<std::uint64_t> reseal_rows(Connection& connection, const Reseal& reseal) {
  Statement update_secret(connection, "UPDATE subscriptions SET sealed_secret = ?2 WHERE key = ?1");
  std::uint64_t count = 0;
  for (const auto& sealed : sealed_secrets(connection)) {
    const auto secret = reseal.secret(sealed.id, sealed.bytes);
    if (!secret) return secret.error();
    update_secret.run(sealed.id.key, as_blob(*secret));
    ++count;
  }
  Statement update_key(connection, "UPDATE signing_keys SET sealed = ?2 WHERE id = ?1");
  for (const auto& sealed : sealed_signing_keys(connection)) {
    const auto key = reseal.signing_key(sealed.id, sealed.bytes);
    if (!key) return key.error();
    update_key.run(sealed.id, as_blob(*key));
  }
  return count;
}

}  // namespace

Status restore_sqlite(const std::string& backup_file, const std::string& data_dir) {
  if (auto checked = check_backup(backup_file); !checked) return checked;
  auto folder = DataFolder::open(data_dir);
  if (!folder) return folder.error();
  if ((*folder)->has_database()) {
    return conflict("data", "the data folder " + data_dir + " has a database already; restore into an empty folder",
                    "not_empty");
  }
  // A log without its database would be taken for the restored one's.
  std::error_code failed;
  for (const char* left : {"-wal", "-shm"}) std::filesystem::remove((*folder)->database() + left, failed);
  // Copied beside and renamed: a restore that is cut short leaves no half database.
  const std::string partial = (*folder)->database() + ".restoring";
  std::filesystem::remove(partial, failed);
  if (auto made = make_private_file(partial, Existing::refuse); !made) return made;
  if (!std::filesystem::copy_file(backup_file, partial, std::filesystem::copy_options::overwrite_existing, failed)) {
    std::filesystem::remove(partial);
    return unavailable("cannot copy the backup: " + failed.message(), "restore_failed");
  }
  if (auto kept = make_private_file(partial, Existing::accept); !kept) return kept;
  if (auto synced = sync_file(partial); !synced) return synced;
  std::filesystem::rename(partial, (*folder)->database(), failed);
  if (failed) return unavailable("cannot put the database in place: " + failed.message(), "restore_failed");
  return sync_file((*folder)->database());
}

Result<std::uint64_t> compact_sqlite(const std::string& data_dir) {
  auto folder = DataFolder::open(data_dir);
  if (!folder) return folder.error();
  if (!(*folder)->has_database()) return not_found("the data folder " + data_dir + " has no database", "no_database");
  try {
    {
      Connection connection((*folder)->database(), Connection::Mode::read_write, {});
      if (auto checked = check_schema(connection); !checked) return checked.error();
      connection.execute("PRAGMA synchronous = FULL");
      connection.execute("VACUUM");
      connection.query_integer("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    if (auto synced = sync_file((*folder)->database()); !synced) return synced.error();
    return std::filesystem::file_size((*folder)->database());
  } catch (const DatabaseError& error) {
    return failure("cannot write the database anew", error);
  }
}

Result<std::uint64_t> reseal_sqlite(const DataFolder& folder, const Reseal& reseal) {
  if (!folder.has_database()) return not_found("there is no database " + folder.database(), "no_database");
  try {
    Connection connection(folder.database(), Connection::Mode::read_write, {});
    if (auto migrated = migrate(connection); !migrated) return migrated.error();
    connection.execute("PRAGMA synchronous = FULL");
    connection.execute("BEGIN IMMEDIATE");
    auto count = reseal_rows(connection, reseal);
    if (!count) {
      connection.roll_back();
      return count;
    }
    connection.execute("COMMIT");
    return count;
  } catch (const DatabaseError& error) {
    return failure("cannot seal the secrets anew", error);
  }
}

}  // namespace posthorn::store::sqlite
