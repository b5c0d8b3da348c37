#include "app/offline.h"

#include <filesystem>
#include <memory>

#include "access/signing_keys.h"
#include "app/key_ring.h"
#include "outbound/catalogue.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::app {
namespace {

store::sqlite::Reseal reseal_with(crypto::Sealer sealer) {
  const auto shared = std::make_shared<const crypto::Sealer>(std::move(sealer));
  return {[shared](SubscriptionId id, std::string_view sealed) -> Result<std::string> {
            auto plain = shared->open(sealed, outbound::secret_context(id));
            if (!plain) return std::move(plain).error();
            return shared->seal(*plain, outbound::secret_context(id));
          },
          [shared](const std::string& id, std::string_view sealed) -> Result<std::string> {
            const auto plain = shared->open(sealed, access::signing_key_context(id));
            // One that the server passes over too (SigningKeys) stays as it is.
            return plain ? shared->seal(*plain, access::signing_key_context(id)) : std::string(sealed);
          }};
}

}  // namespace

Status backup(const Config& config, const std::string& file) { return store::sqlite::backup_sqlite(config.data_dir, file); }

Status restore(const Config& config, const std::string& file) { return store::sqlite::restore_sqlite(file, config.data_dir); }

Result<std::string> compact(const Config& config) {
  const auto bytes = store::sqlite::compact_sqlite(config.data_dir);
  if (!bytes) return bytes.error();
  return "wrote the store of " + config.data_dir + " anew: " + std::to_string((*bytes + 1023) / 1024) + " KiB";
}

Result<std::string> rotate_key(const Config& config) {
  if (!config.master_key.empty()) {
    return invalid("POSTHORN_MASTER_KEY", "is set: a key from the environment is not the server's to replace",
                   "key_from_environment");
  }
  if (!std::filesystem::exists(store::sqlite::DataFolder::database_path(config.data_dir))) {
    return not_found("the data folder " + config.data_dir + " has no database", "no_database");
  }
  // One command at a time, from reading the old keys to dropping them; and no server.
  const auto folder = store::sqlite::DataFolder::open(config.data_dir);
  if (!folder) return folder.error();
  auto keys = load_keys(config.data_dir, "", DataState::exists);
  if (!keys) return std::move(keys).error();
  // From here a stop at any point leaves a ring that opens everything: first both keys, at the end the new one alone.
  const Keys former = *keys;
  const auto fresh = make_master_key();
  keys->insert(keys->begin(), fresh);
  if (auto written = write_keys(config.data_dir, *keys); !written) return std::move(written).error();

  const auto count = store::sqlite::reseal_sqlite(**folder, reseal_with(crypto::Sealer(*keys)));
  if (!count) {
    // Refused before anything was sealed anew: a call that was refused leaves the ring as it was.
    if (count.error().kind == ErrorKind::conflict) {
      if (auto restored = write_keys(config.data_dir, former); !restored) return std::move(restored).error();
    }
    return count.error();
  }
  if (auto written = write_keys(config.data_dir, {fresh}); !written) return std::move(written).error();
  return "sealed the secrets of " + std::to_string(*count) + " subscriptions under a new key in " +
         master_key_file(config.data_dir);
}

}  // namespace posthorn::app
