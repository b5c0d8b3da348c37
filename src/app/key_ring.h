// KeyRing: the master keys that seal secrets at rest.
//
// From POSTHORN_MASTER_KEY (base64 of 32 bytes; one key, which the server never writes down), else from <data
// folder>/master.key, which the first start makes with mode 0600: one line a key, "<id> <base64 of 32 bytes>", the sealing one
// first. Rotation adds a key in front, seals everything again, and only then drops the old ones: a stop in between loses
// nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/crypto.h"

namespace posthorn::app {

using Keys = std::vector<crypto::Sealer::Key>;

std::string master_key_file(const std::string& data_dir);

// Precondition: the caller holds the folder's lock (app/data_folder.h), so that two processes do not make a key each.
// Errors name the file or the variable and what is wrong (missing while the data folder is in use, mode, form).
// `data_exists`: a folder that has a database must have its key file too; a new one is made only for a new folder.
enum class DataState { fresh, exists };
Result<Keys> load_keys(const std::string& data_dir, const std::string& from_environment, DataState state);

// Whether these are the keys of a store that holds these sealed values: each secret's key must be there. A signing key may be
// left from a key that is gone (it is passed over), unless nothing at all opens. Errors: invalid_argument, which keys are
// missing and what to do.
Status check_keys(const Keys& keys, const std::vector<std::string_view>& secrets,
                  const std::vector<std::string_view>& signing_keys);

// One key from its base64; its id is taken from the key's own digest.
Result<crypto::Sealer::Key> parse_key(std::string_view base64, std::string field);
crypto::Sealer::Key make_master_key();

// Replaces the file by one with these keys: written beside it, synced, renamed. Mode 0600.
Status write_keys(const std::string& data_dir, const Keys& keys);

}  // namespace posthorn::app
