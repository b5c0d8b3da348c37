#include "cli/watch/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "cli/durable_file.h"
#include "crypto/crypto.h"

namespace posthorn::cli::watch {
namespace {

constexpr int kReadTries = 3;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
// Time stamps are as coarse as the kernel's tick, and network file systems' clocks differ.
constexpr auto kSettleTime = std::chrono::seconds(2);

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

std::string full_path(const std::string& root, const std::string& path) { return path.empty() ? root : root + "/" + path; }

Stamp stamp_of(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec * kNanosecondsPerSecond + status.st_mtim.tv_nsec,
          status.st_ino};
}

void walk(const std::string& root, const std::string& folder, const std::vector<std::string>& ignored, Tree& tree,
          std::vector<std::string>* folders, const Trouble& trouble) {
  std::vector<std::string> to_enter{folder};
  while (!to_enter.empty()) {
    const std::string current = std::move(to_enter.back());
    to_enter.pop_back();
    Descriptor opened(::open(full_path(root, current).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const Folder entries(opened ? fdopendir(opened.get()) : nullptr);
    if (entries) {
      opened.release();
    } else {
      const bool went_away = errno == ENOENT || errno == ENOTDIR;
      if (went_away && !current.empty()) continue;
      trouble(current, std::strerror(errno));
      tree.unreadable.push_back(current);
      continue;
    }
    if (folders != nullptr) folders->push_back(current);
    while (const dirent* entry = readdir(entries.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      std::string path = join(current, name);
      if (is_ignored(path, ignored)) continue;
      struct stat status{};
      if (fstatat(dirfd(entries.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;
        trouble(path, std::strerror(errno));
        tree.unreadable.push_back(path);
      } else if (S_ISDIR(status.st_mode)) {
        to_enter.push_back(std::move(path));
      } else if (S_ISREG(status.st_mode)) {
        tree.files.emplace(std::move(path), stamp_of(status));
      }
    }
  }
}

Timestamp time_of(std::int64_t nanoseconds) {
  return Timestamp(std::chrono::floor<Milliseconds>(std::chrono::nanoseconds(nanoseconds)));
}

std::optional<Timestamp> birth_time(int descriptor) {
  struct statx status{};
  if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || (status.stx_mask & STATX_BTIME) == 0)
    return std::nullopt;
  return time_of(status.stx_btime.tv_sec * kNanosecondsPerSecond + status.stx_btime.tv_nsec);
}

// Nothing on an error; errno says which.
std::optional<std::string> digest(int descriptor) {
  crypto::Sha256Stream stream;
  std::array<char, 64 * 1024> block;
  while (true) {
    const auto count = read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    stream.update({block.data(), static_cast<std::size_t>(count)});
  }
  const auto bytes = stream.finish();
  return hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct MediaType {
  std::string_view extension;
  std::string_view type;
};
// Sorted by extension.
constexpr std::array<MediaType, 62> kMediaTypes{{
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/x-c"},
    {"cc", "text/x-c++"},
    {"conf", "text/plain"},
    {"cpp", "text/x-c++"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"eps", "application/postscript"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"h", "text/x-c"},
    {"heic", "image/heic"},
    {"hpp", "text/x-c++"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"indd", "application/x-indesign"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"ogg", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"psd", "image/vnd.adobe.photoshop"},
    {"py", "text/x-python"},
    {"rtf", "application/rtf"},
    {"sh", "application/x-sh"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"wav", "audio/wav"},
    {"webp", "image/webp"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"zip", "application/zip"},
}};
static_assert(std::is_sorted(kMediaTypes.begin(), kMediaTypes.end(),
                             [](const MediaType& a, const MediaType& b) { return a.extension < b.extension; }));

}  // namespace

bool is_ignored(std::string_view path, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return false;
  const std::string whole(path);
  const std::string name(path.substr(path.rfind('/') + 1));
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0 || fnmatch(pattern.c_str(), whole.c_str(), FNM_PATHNAME) == 0;
  });
}

Result<Tree> look(const std::string& root, const std::string& below, const std::vector<std::string>& ignored,
                  const Trouble& trouble) {
  const Descriptor opened(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return not_found("The folder " + root + " cannot be read: " + std::strerror(errno));
  Tree tree;
  if (!below.empty() && is_ignored(below, ignored)) return tree;
  struct stat status{};
  if (lstat(full_path(root, below).c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return tree;
    trouble(below, std::strerror(errno));
    tree.unreadable.push_back(below);
  } else if (S_ISREG(status.st_mode)) {
    tree.files.emplace(below, stamp_of(status));
  } else if (S_ISDIR(status.st_mode) || below.empty()) {
    walk(root, below, ignored, tree, nullptr, trouble);
  }
  return tree;
}

std::vector<std::string> folders_within(const std::string& root, const std::string& below,
                                        const std::vector<std::string>& ignored) {
  Tree tree;
  std::vector<std::string> folders;
  walk(root, below, ignored, tree, &folders, [](const std::string&, const std::string&) {});
  return folders;
}

ReadFile read_file(const std::string& root, const std::string& path) {
  ReadFile result;
  const Descriptor opened(::open(full_path(root, path).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!opened) {
    const bool is_gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO;
    result.outcome = is_gone ? ReadOutcome::gone : ReadOutcome::unreadable;
    result.words = std::strerror(errno);
    return result;
  }
  for (int tries = 0; tries < kReadTries; ++tries) {
    struct stat before{};
    struct stat after{};
    const auto started = std::chrono::floor<std::chrono::nanoseconds>(std::chrono::system_clock::now()).time_since_epoch();
    if (fstat(opened.get(), &before) != 0 || !S_ISREG(before.st_mode) || lseek(opened.get(), 0, SEEK_SET) != 0) return result;
    const auto sha256 = digest(opened.get());
    if (!sha256) {
      result.outcome = ReadOutcome::unreadable;
      result.words = std::strerror(errno);
      return result;
    }
    if (fstat(opened.get(), &after) != 0) return result;
    const Stamp stamp = stamp_of(before);
    if (stamp != stamp_of(after)) continue;
    const bool settled = started - std::chrono::nanoseconds(stamp.modified_ns) > kSettleTime;
    result.outcome = ReadOutcome::read;
    result.content = {{stamp, *sha256, settled}, time_of(stamp.modified_ns), birth_time(opened.get())};
    return result;
  }
  result.outcome = ReadOutcome::busy;
  return result;
}

std::string_view media_type(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return "application/octet-stream";
  const std::string extension = to_ascii_lower(name.substr(dot + 1));
  const auto found = std::lower_bound(kMediaTypes.begin(), kMediaTypes.end(), extension,
                                      [](const MediaType& entry, std::string_view wanted) { return entry.extension < wanted; });
  return found != kMediaTypes.end() && found->extension == extension ? found->type : "application/octet-stream";
}

}  // namespace posthorn::cli::watch
