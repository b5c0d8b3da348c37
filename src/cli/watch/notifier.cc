#include "cli/watch/notifier.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "cli/watch/tree.h"

namespace posthorn::cli::watch {
namespace {

constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
                                IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

}  // namespace

struct Notifier::Event {
  int watch;
  std::uint32_t mask;
  std::string_view name;
};

Notifier::Notifier(std::string root, std::vector<std::string> ignored) : root_(std::move(root)), ignored_(std::move(ignored)) {}

Status Notifier::start() {
  inotify_ = Descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify_) return system_error("Cannot watch", root_);
  folders_.clear();
  is_partial_ = false;
  add_folder("");
  return {};
}

// Twice over: what appears while the first round sets its watches is found by the second or reported by them.
void Notifier::add_folder(const std::string& path) {
  for (int round = 0; round < 2; ++round) {
    for (const auto& folder : folders_within(root_, path, ignored_)) {
      const std::string full = folder.empty() ? root_ : root_ + "/" + folder;
      const int watch = inotify_add_watch(inotify_.get(), full.c_str(), kMask);
      if (watch >= 0) {
        folders_[watch] = folder;
      } else if (errno == ENOSPC || errno == ENOMEM) {
        is_partial_ = true;
      }
    }
  }
}

void Notifier::remove_folder(const std::string& path) {
  for (auto at = folders_.begin(); at != folders_.end();) {
    if (is_within(at->second, path)) {
      inotify_rm_watch(inotify_.get(), at->first);
      at = folders_.erase(at);
    } else {
      ++at;
    }
  }
}

void Notifier::take(const Event& event, News& news) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    // What was lost may have been folders.
    add_folder("");
    news.changed.emplace_back();
    return;
  }
  const auto found = folders_.find(event.watch);
  if (found == folders_.end()) return;
  const std::string folder = found->second;
  if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0) {
    if (folder.empty()) news.root_is_gone = true;
    return;  // the folder above reports it too
  }
  if ((event.mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    return;
  }
  std::string path = folder.empty() ? std::string(event.name) : folder + "/" + std::string(event.name);
  if (is_ignored(path, ignored_)) return;
  if ((event.mask & IN_ISDIR) != 0) {
    if ((event.mask & (IN_MOVED_FROM | IN_DELETE)) != 0) remove_folder(path);
    if ((event.mask & (IN_MOVED_TO | IN_CREATE)) != 0) add_folder(path);
    news.changed.push_back(std::move(path));
    return;
  }
  if ((event.mask & IN_CREATE) != 0) {
    // A new file is reported when it is closed; a new name of an old one (a hard link) never is.
    struct stat status{};
    const bool is_link = lstat((root_ + "/" + path).c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 1;
    if (!is_link) return;
  }
  news.changed.push_back(std::move(path));
}

Notifier::News Notifier::read() {
  News news;
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  while (true) {
    const auto count = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      inotify_event head{};
      std::memcpy(&head, buffer.data() + at, sizeof head);
      const char* name = buffer.data() + at + sizeof head;
      take({head.wd, head.mask, head.len > 0 ? std::string_view(name, strnlen(name, head.len)) : std::string_view()}, news);
      at += sizeof head + head.len;
    }
  }
  news.changed = outermost(std::move(news.changed));
  return news;
}

}  // namespace posthorn::cli::watch
