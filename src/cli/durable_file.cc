#include "cli/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace posthorn::cli {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = other.release();
  }
  return *this;
}

int Descriptor::release() { return std::exchange(number_, -1); }

void Descriptor::reset() {
  if (number_ >= 0) close(std::exchange(number_, -1));
}

Error system_error(std::string_view what, const std::string& file) {
  const int cause = errno;
  return internal_error(std::string(what) + " " + file + ": " + std::strerror(cause));
}

Status write_all(int descriptor, std::string_view bytes, const std::string& file) {
  while (!bytes.empty()) {
    const auto written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("Cannot write", file);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status flush_to_disk(int descriptor, const std::string& file) {
  if (fdatasync(descriptor) != 0) return system_error("Cannot flush", file);
  return {};
}

Status replace_file(const std::string& file, std::string_view text) {
  const std::string fresh = file + ".new";
  {
    Descriptor descriptor(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!descriptor) return system_error("Cannot write", fresh);
    if (auto status = write_all(descriptor.get(), text, fresh); !status) return status;
    if (auto status = flush_to_disk(descriptor.get(), fresh); !status) return status;
  }
  if (std::rename(fresh.c_str(), file.c_str()) != 0) return system_error("Cannot replace", file);
  auto folder = std::filesystem::path(file).parent_path();
  if (folder.empty()) folder = ".";
  Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || fsync(opened.get()) != 0) return system_error("Cannot flush", folder.string());
  return {};
}

}  // namespace posthorn::cli
