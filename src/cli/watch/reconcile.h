// Reconciling: what differs between the files that are there and the ones that were published. Pure values and decisions.
//
// A file's identity is its path below the watched folder, its state is its content (SHA-256). Size, time and inode only tell
// when the content need not be read again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace posthorn::cli::watch {

// Reading a file whose stamp has not changed is spared.
struct Stamp {
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

// What was published last about a path.
struct Known {
  Stamp stamp;
  std::string sha256;    // lower-case hexadecimal
  bool settled = false;  // false: it was read so soon after its last change that a later change may carry the same time
  friend bool operator==(const Known&, const Known&) = default;
};
using KnownFiles = std::map<std::string, Known, std::less<>>;

// What a look at the folder, or at a part of it, found.
struct Tree {
  std::map<std::string, Stamp, std::less<>> files;  // regular ones
  std::vector<std::string> unreadable;              // folders that could not be looked into: nothing is known of what is below
};

// Whether `path` is `folder` or below it; everything is below "".
bool is_within(std::string_view path, std::string_view folder);

struct Difference {
  std::vector<std::string> to_read;  // new, or the stamp has changed or does not prove enough
  std::vector<std::string> gone;
};
// Of everything within `folder`. Files below an unreadable folder are not gone.
Difference compare(const Tree& seen, const KnownFiles& known, std::string_view folder);

enum class Change : std::uint8_t {
  none,      // as it was
  remember,  // same content, new stamp: nothing to tell anybody
  created,
  edited,
  deleted,
};
std::string_view to_text(Change change);

// What a file that was read means, given what was published before (null: nothing).
Change judge(const Known* before, const Known& now);

// Takes out what lies below another one, so that nothing is looked at twice. "" swallows all.
std::vector<std::string> outermost(std::vector<std::string> paths);

}  // namespace posthorn::cli::watch
