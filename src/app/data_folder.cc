#include "app/data_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace posthorn::app {

Result<DataState> prepare_data_folder(const std::string& data_dir) {
  if (data_dir.empty()) return invalid("data", "names no folder: give --data DIR or set POSTHORN_DATA", "required");
  std::error_code error;
  const std::filesystem::path folder(data_dir);
  if (!std::filesystem::exists(folder, error)) {
    if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
    if (error || ::mkdir(data_dir.c_str(), 0700) != 0) {
      return invalid("data", "cannot make the folder " + data_dir + ": " + (error ? error.message() : std::strerror(errno)));
    }
    return DataState::fresh;
  }
  if (!std::filesystem::is_directory(folder, error)) return invalid("data", data_dir + " is not a folder");
  if (::access(data_dir.c_str(), W_OK | X_OK) != 0) {
    return invalid("data", "cannot write in " + data_dir + ": " + std::strerror(errno));
  }
  return std::filesystem::exists(folder / "posthorn.db", error) ? DataState::exists : DataState::fresh;
}

}  // namespace posthorn::app
