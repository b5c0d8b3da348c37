#include "store/sqlite/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace posthorn::store::sqlite {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

Error system_error(const std::string& what, const std::string& path) {
  return unavailable(what + " " + path + ": " + std::strerror(errno), "data_folder_unusable");
}

Status make_folder(const std::filesystem::path& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    errno = ENOTDIR;
    return system_error("cannot use the data folder", path);
  }
  if (path.has_parent_path() && path.parent_path() != path) {
    if (auto parent = make_folder(path.parent_path()); !parent) return parent;
  }
  if (mkdir(path.c_str(), kFolderMode) != 0) {
    // Another process may have been faster.
    if (errno == EEXIST && stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
    return system_error("cannot make the data folder", path);
  }
  if (chmod(path.c_str(), kFolderMode) != 0) return system_error("cannot protect the data folder", path);
  return {};
}

std::string holder_of(int lock) {
  char text[32] = {};
  const ssize_t length = pread(lock, text, sizeof text - 1, 0);
  const std::string pid(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  return pid.empty() ? "another process" : "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::open(const std::string& path) {
  if (auto made = make_folder(std::filesystem::path(path).lexically_normal()); !made) return made.error();
  const std::string lock_path = path + "/posthorn.lock";
  Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!lock) return system_error("cannot open", lock_path);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("cannot lock", lock_path);
    return conflict({}, "the data folder " + path + " is in use by " + holder_of(lock.get()) + "; only one server can have it",
                    "data_folder_in_use");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (fchmod(lock.get(), kFileMode) != 0 || ftruncate(lock.get(), 0) != 0 ||
      pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return system_error("cannot write", lock_path);
  }
  return std::unique_ptr<DataFolder>(new DataFolder(path, lock.release()));
}

DataFolder::~DataFolder() { close(lock_); }

bool DataFolder::has_database() const {
  struct stat found{};
  return stat(database().c_str(), &found) == 0 && found.st_size > 0;
}

Status make_private_file(const std::string& path, Existing existing) {
  const int exclusive = existing == Existing::refuse ? O_EXCL : 0;
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | exclusive, kFileMode));
  if (!file && errno == EEXIST) return conflict("path", path + " exists already", "file_exists");
  if (!file) return system_error("cannot make", path);
  if (fchmod(file.get(), kFileMode) != 0) return system_error("cannot protect", path);
  return {};
}

Status sync_file(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || fsync(file.get()) != 0) return system_error("cannot write to the disk", path);
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.get()) != 0) return system_error("cannot write to the disk", folder);
  return {};
}

}  // namespace posthorn::store::sqlite
