// Notifier: says where under a folder something happened, by inotify. What happened is for the caller to find out by looking.
//
// A folder is watched from the moment it appears; since its watch is set before its content is looked at, nothing falls
// between. Reported are: files that were closed after writing, moved in or out, deleted, or linked; folders that appeared or
// went. When the kernel's queue overflows or no more watches can be had, everything is reported as changed, or is_partial()
// says that only looking now and then finds all changes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/durable_file.h"

namespace posthorn::cli::watch {

class Notifier {
 public:
  Notifier(std::string root, std::vector<std::string> ignored);

  // Sets all watches. Errors: internal (inotify is not to be had at all).
  Status start();
  // Readable when read() has something.
  int descriptor() const { return inotify_.get(); }

  struct News {
    std::vector<std::string> changed;  // paths below the root; "" for everything
    bool root_is_gone = false;
  };
  // What is waiting, without blocking.
  News read();

  // Some folders are not watched.
  bool is_partial() const { return is_partial_; }
  std::size_t watches() const { return folders_.size(); }

 private:
  struct Event;
  void add_folder(const std::string& path);
  void remove_folder(const std::string& path);
  void take(const Event& event, News& news);

  const std::string root_;
  const std::vector<std::string> ignored_;
  Descriptor inotify_;
  std::map<int, std::string> folders_;  // by watch
  bool is_partial_ = false;
};

}  // namespace posthorn::cli::watch
