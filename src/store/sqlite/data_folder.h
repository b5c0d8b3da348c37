// DataFolder: where the database stands, and the lock that keeps a second process out.
//
// Lifecycle: the lock is held from open() until destruction, or until the process dies by whatever cause (flock(2)).
// Files are made with mode 0600 and folders with 0700 whatever the umask is.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace posthorn::store::sqlite {

class DataFolder {
 public:
  // Makes the folder when it is missing, and locks it. Errors: conflict ("data_folder_in_use", names the process),
  // unavailable (cannot be made, opened or written).
  static Result<std::unique_ptr<DataFolder>> open(const std::string& path);

  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;
  ~DataFolder();

  std::string database() const { return database_path(path_); }
  bool has_database() const;

  static std::string database_path(const std::string& folder) { return folder + "/posthorn.db"; }

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;
};

// Makes an empty file with mode 0600 (or, for `existing_ok`, sets the mode of the one that is there).
enum class Existing { refuse, accept };
Status make_private_file(const std::string& path, Existing existing);

// Makes a file's bytes and its name in the folder durable.
Status sync_file(const std::string& path);

}  // namespace posthorn::store::sqlite
