#include "app/data_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "observe/log.h"

namespace posthorn::app {

namespace {

Status make_folder(const std::string& data_dir) {
  if (data_dir.empty()) return invalid("data", "names no folder: give --data DIR or set POSTHORN_DATA", "required");
  std::error_code error;
  const std::filesystem::path folder(data_dir);
  if (!std::filesystem::exists(folder, error)) {
    if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
    // Another process may have been faster.
    if (!error && (::mkdir(data_dir.c_str(), 0700) == 0 || errno == EEXIST)) return {};
    return invalid("data", "cannot make the folder " + data_dir + ": " + (error ? error.message() : std::strerror(errno)));
  }
  if (!std::filesystem::is_directory(folder, error)) return invalid("data", data_dir + " is not a folder");
  if (::access(data_dir.c_str(), W_OK | X_OK) != 0) {
    return invalid("data", "cannot write in " + data_dir + ": " + std::strerror(errno));
  }
  return {};
}

void warn_of_others(const std::string& data_dir) {
  struct stat status{};
  if (::stat(data_dir.c_str(), &status) != 0 || (status.st_mode & 0077) == 0) return;
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", status.st_mode & 07777U);
  observe::log(observe::Level::warning, "others on this machine may get into the data folder: run chmod 0700 on it",
               {{"data", data_dir}, {"mode", mode}});
}

}  // namespace

Result<std::unique_ptr<store::sqlite::DataFolder>> lock_data_folder(const std::string& data_dir) {
  if (auto made = make_folder(data_dir); !made) return std::move(made).error();
  auto folder = store::sqlite::DataFolder::open(data_dir);
  if (folder) warn_of_others(data_dir);
  return folder;
}

}  // namespace posthorn::app
