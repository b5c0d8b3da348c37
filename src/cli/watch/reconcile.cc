#include "cli/watch/reconcile.h"

#include <algorithm>

namespace posthorn::cli::watch {

bool is_within(std::string_view path, std::string_view folder) {
  if (folder.empty()) return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

Difference compare(const Tree& seen, const KnownFiles& known, std::string_view folder) {
  Difference difference;
  for (const auto& [path, stamp] : seen.files) {
    if (!is_within(path, folder)) continue;
    const auto before = known.find(path);
    if (before == known.end() || before->second.stamp != stamp || !before->second.settled) difference.to_read.push_back(path);
  }
  const auto is_hidden = [&](std::string_view path) {
    return std::any_of(seen.unreadable.begin(), seen.unreadable.end(),
                       [&](const auto& hidden) { return is_within(path, hidden); });
  };
  // Paths within a folder are neighbours in the order of the map, but not only they: "a", "a-b", "a/b".
  for (auto at = known.lower_bound(folder); at != known.end() && at->first.starts_with(folder); ++at) {
    const std::string& path = at->first;
    if (is_within(path, folder) && !seen.files.contains(path) && !is_hidden(path)) difference.gone.push_back(path);
  }
  return difference;
}

std::string_view to_text(Change change) {
  switch (change) {
    case Change::none:
      return "none";
    case Change::remember:
      return "remember";
    case Change::created:
      return "created";
    case Change::edited:
      return "edited";
    case Change::deleted:
      return "deleted";
  }
  return "";
}

Change judge(const Known* before, const Known& now) {
  if (before == nullptr) return Change::created;
  if (before->sha256 != now.sha256) return Change::edited;
  return *before == now ? Change::none : Change::remember;
}

std::vector<std::string> outermost(std::vector<std::string> paths) {
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::vector<std::string> kept;
  for (auto& path : paths) {
    // An ancestor is a shorter path and hence earlier in the order, but not always the one directly before.
    const bool is_covered = std::any_of(kept.rbegin(), kept.rend(), [&](const auto& other) { return is_within(path, other); });
    if (!is_covered) kept.push_back(std::move(path));
  }
  return kept;
}

}  // namespace posthorn::cli::watch
