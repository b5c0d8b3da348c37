// Looking at the disk: which files are there, and what is in them. Symbolic links are not followed; only regular files count.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/watch/reconcile.h"

namespace posthorn::cli::watch {

// Told of what could not be read: path and the system's words.
using Trouble = std::function<void(const std::string& path, const std::string& words)>;

// Shell patterns, matched against the name and against the path below the folder.
bool is_ignored(std::string_view path, const std::vector<std::string>& patterns);

// What is at `below` (a file, a folder with everything below it, or nothing), with paths below `root`.
// Errors (not_found): the root itself is not a folder that can be read; nothing may be concluded from it then.
Result<Tree> look(const std::string& root, const std::string& below, const std::vector<std::string>& ignored,
                  const Trouble& trouble);

// The folders within `below`, itself included, for the notifier.
std::vector<std::string> folders_within(const std::string& root, const std::string& below,
                                        const std::vector<std::string>& ignored);

struct Content {
  Known known;
  Timestamp modified_at;
  std::optional<Timestamp> created_at;  // where the file system knows it
};
enum class ReadOutcome : std::uint8_t { read, gone, busy, unreadable };  // busy: it changed while it was read, several times
struct ReadFile {
  ReadOutcome outcome = ReadOutcome::gone;
  Content content;
  std::string words;  // for unreadable
};
ReadFile read_file(const std::string& root, const std::string& path);

// By the name's extension; "application/octet-stream" when it says nothing.
std::string_view media_type(std::string_view path);

}  // namespace posthorn::cli::watch
