#include "cli/demo/scratch.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/durable_file.h"

namespace posthorn::cli::demo {
namespace {

namespace fs = std::filesystem;

Error failed(const std::string& what, const std::string& file) { return internal_error("Cannot " + what + " " + file + "."); }

}  // namespace

Scratch::~Scratch() {
  std::error_code ignored;
  if (!folder_.empty() && !keep_) fs::remove_all(folder_, ignored);
}

Status Scratch::make() {
  std::error_code error;
  const auto base = fs::temp_directory_path(error);
  std::string pattern = (error ? fs::path("/tmp") : base).string() + "/posthorn-demo-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) return system_error("Cannot make", pattern);
  folder_ = fs::canonical(pattern, error).string();
  fs::create_directory(watched(), error);
  return error ? Status(failed("make", watched())) : Status();
}

Result<std::size_t> Scratch::copy_from(const std::vector<std::string>& sources, std::size_t count) {
  for (const auto& source : sources) {
    std::error_code error;
    // Symbolic links are not followed, so the copy holds what is really there, once.
    fs::recursive_directory_iterator at(source, fs::directory_options::skip_permission_denied, error);
    const std::string top = fs::path(source).filename().string();
    for (; !error && at != fs::recursive_directory_iterator() && files_.size() < count; at.increment(error)) {
      std::error_code one;
      if (!at->is_regular_file(one) || at->is_symlink(one) || at->file_size(one) > kFileBytesMax || one) continue;
      const std::string path = (top.empty() ? "" : top + "/") + fs::relative(at->path(), source, one).string();
      const fs::path target = fs::path(watched()) / path;
      if (one) continue;
      fs::create_directories(target.parent_path(), one);
      if (one || !fs::copy_file(at->path(), target, one) || one) continue;  // unreadable to this user
      fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write, one);
      files_.push_back(path);
    }
  }
  if (files_.empty()) return failed("copy any file from", sources.empty() ? "nowhere" : sources.front());
  return files_.size();
}

Status Scratch::rewrite(const std::string& file) {
  const std::string fresh = folder_ + "/fresh";
  {
    std::ofstream stream(fresh, std::ios::binary);
    std::ifstream old(watched() + "/" + file, std::ios::binary);
    stream << "Revision " << ++edits_ << "\n" << old.rdbuf();
    stream.clear(stream.rdstate() & ~std::ios::failbit);  // an empty file has nothing to copy
    if (!stream.flush()) return failed("write", fresh);
  }
  std::error_code error;
  fs::rename(fresh, watched() + "/" + file, error);
  return error ? Status(failed("replace", file)) : Status();
}

Status Scratch::append(const std::string& file) {
  std::ofstream stream(watched() + "/" + file, std::ios::binary | std::ios::app);
  stream << "Note " << ++edits_ << "\n";
  return stream.flush() ? Status() : Status(failed("write", file));
}

Status Scratch::remove(const std::string& file) {
  std::error_code error;
  return fs::remove(watched() + "/" + file, error) ? Status() : Status(failed("remove", file));
}

Status Scratch::move(const std::string& file, const std::string& to) {
  std::error_code error;
  fs::rename(watched() + "/" + file, watched() + "/" + to, error);
  return error ? Status(failed("move", file)) : Status();
}

}  // namespace posthorn::cli::demo
