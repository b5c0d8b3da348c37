// SpaceWait: what callers are told while a start waits for space on a full disk.
//
// A server that ended instead would leave its port to nobody and its operator to guess. Meanwhile /health/live answers 200 and
// everything else 503 with the reason and Retry-After, so that publishers keep what they have and try again.
// Place: serve() makes one, listens between two attempts to start, and closes before each: the server wants the same port.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace posthorn::app {

// With less than this free, a failed start is taken for the full disk's fault.
inline constexpr std::uint64_t kStartFreeBytes = std::uint64_t{1} << 20;

// Whether a start that failed so is tried again when there is space. Pure.
bool waits_for_space(const Error& failure, std::uint64_t free_bytes);

// What the file system of the folder (or of the nearest one above that exists) has free; all there is when it cannot be asked.
std::uint64_t free_bytes_of(const std::string& data_dir);

class SpaceWait {
 public:
  explicit SpaceWait(const Config& config);
  ~SpaceWait();
  SpaceWait(const SpaceWait&) = delete;
  SpaceWait& operator=(const SpaceWait&) = delete;

  // Answers with this reason from now on. Without a port, or with one that is in use, nobody is told; the log has it anyway.
  void listen(const std::string& reason);
  // Twice is fine.
  void close();

 private:
  struct Listening;

  const Config& config_;
  std::unique_ptr<Listening> listening_;
};

}  // namespace posthorn::app
