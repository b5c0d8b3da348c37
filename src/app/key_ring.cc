#include "app/key_ring.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"

namespace posthorn::app {
namespace {

constexpr std::size_t kKeyBytes = 32;

std::string system_message() { return std::strerror(errno); }

std::uint32_t key_id(std::string_view bytes) {
  const auto digest = crypto::sha256(bytes);
  return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 | std::uint32_t{digest[2]} << 8 | digest[3];
}

Result<Keys> parse_key_file(const std::string& file, const std::string& text) {
  Keys keys;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.find(' ');
    auto key = parse_key(space == std::string::npos ? line : line.substr(space + 1), file);
    if (!key) return std::move(key).error();
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return invalid(file, "holds no key");
  return keys;
}

Status sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return internal_error("cannot open " + folder + ": " + system_message());
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced ? Status{} : internal_error("cannot sync " + folder + ": " + system_message());
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string master_key_file(const std::string& data_dir) { return data_dir + "/master.key"; }

Result<crypto::Sealer::Key> parse_key(std::string_view base64, std::string field) {
  auto bytes = base64_decode(trim(base64));
  if (!bytes || bytes->size() != kKeyBytes)
    return invalid(std::move(field), "must hold base64 of 32 bytes", "invalid_master_key");
  const std::uint32_t id = key_id(*bytes);
  return crypto::Sealer::Key{id, std::move(*bytes)};
}

crypto::Sealer::Key make_master_key() {
  std::string bytes = crypto::random_bytes(kKeyBytes);
  const std::uint32_t id = key_id(bytes);
  return {id, std::move(bytes)};
}

Status write_keys(const std::string& data_dir, const Keys& keys) {
  std::string text = "# Posthorn's master keys: whoever has them can read the stored secrets. The first seals.\n";
  for (const auto& key : keys) text += std::to_string(key.id) + " " + base64_encode(key.bytes) + "\n";

  const std::string file = master_key_file(data_dir);
  const std::string beside = file + ".new";
  const int descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return internal_error("cannot write " + beside + ": " + system_message());
  const bool written = ::fchmod(descriptor, 0600) == 0 && write_all(descriptor, text) && ::fsync(descriptor) == 0;
  const std::string reason = system_message();
  ::close(descriptor);
  if (!written) return internal_error("cannot write " + beside + ": " + reason);
  if (::rename(beside.c_str(), file.c_str()) != 0) return internal_error("cannot rename " + beside + ": " + system_message());
  return sync_folder(data_dir);
}

Result<Keys> load_keys(const std::string& data_dir, const std::string& from_environment, DataState state) {
  if (!from_environment.empty()) {
    auto key = parse_key(from_environment, "POSTHORN_MASTER_KEY");
    if (!key) return std::move(key).error();
    return Keys{std::move(*key)};
  }
  const std::string file = master_key_file(data_dir);
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno != ENOENT) return internal_error("cannot read " + file + ": " + system_message());
    if (state == DataState::exists) {
      return invalid(file,
                     "is missing, but the data folder has a database whose secrets it opens: put it back, or set "
                     "POSTHORN_MASTER_KEY",
                     "missing_master_key");
    }
    Keys keys{make_master_key()};
    if (auto written = write_keys(data_dir, keys); !written) return std::move(written).error();
    return keys;
  }
  if ((status.st_mode & 077) != 0) {
    return invalid(file, "can be read by others: run chmod 600 " + file, "open_master_key");
  }
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) return internal_error("cannot read " + file);
  return parse_key_file(file, text.str());
}

Status check_keys(const Keys& keys, const std::vector<std::string_view>& secrets,
                  const std::vector<std::string_view>& signing_keys) {
  const auto unknown_among = [&keys](const std::vector<std::string_view>& values) {
    std::set<std::uint32_t> unknown;
    for (const auto value : values) {
      const auto id = crypto::Sealer::key_of(value);
      if (id && std::ranges::find(keys, *id, &crypto::Sealer::Key::id) == keys.end()) unknown.insert(*id);
    }
    return unknown;
  };
  const auto known = [&keys](std::string_view value) {
    const auto id = crypto::Sealer::key_of(value);
    return id && std::ranges::find(keys, *id, &crypto::Sealer::Key::id) != keys.end();
  };
  auto unknown = unknown_among(secrets);
  if (unknown.empty()) {
    if (!secrets.empty() || signing_keys.empty() || std::ranges::any_of(signing_keys, known)) return {};
    unknown = unknown_among(signing_keys);
    if (unknown.empty()) return {};
  }
  std::string ids;
  for (const auto id : unknown) ids += (ids.empty() ? "" : ", ") + std::to_string(id);
  std::string given;
  for (const auto& key : keys) given += (given.empty() ? "" : ", ") + std::to_string(key.id);
  return invalid("master_key",
                 "this is not the store's master key: its secrets are sealed under key " + ids + ", what was given is key " +
                     given +
                     ". Nothing was changed. Give the key that the store was made with: put its master.key back and "
                     "leave POSTHORN_MASTER_KEY unset, or set POSTHORN_MASTER_KEY to it",
                 "wrong_master_key");
}

}  // namespace posthorn::app
