// Scratch: the demo's own folder with copies of real files, and what is done to them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace posthorn::cli::demo {

inline constexpr std::uint64_t kFileBytesMax = 256 * 1024;

class Scratch {
 public:
  Scratch() = default;
  ~Scratch();  // removes the folder unless keep() was called
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Status make();
  void keep() { keep_ = true; }

  const std::string& folder() const { return folder_; }
  std::string watched() const { return folder_ + "/documents"; }

  // Copies up to `count` regular files of at most kFileBytesMax into watched(), keeping their folders. The sources are only
  // read. Answers how many there were. Errors: nothing could be copied.
  Result<std::size_t> copy_from(const std::vector<std::string>& sources, std::size_t count);
  const std::vector<std::string>& files() const { return files_; }  // below watched()

  // As programs do it: an editor that writes a new file over the old one, a log that grows, a removal, a move.
  Status rewrite(const std::string& file);
  Status append(const std::string& file);
  Status remove(const std::string& file);
  Status move(const std::string& file, const std::string& to);

 private:
  std::string folder_;
  std::vector<std::string> files_;
  std::size_t edits_ = 0;
  bool keep_ = false;
};

}  // namespace posthorn::cli::demo
