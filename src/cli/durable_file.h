// Files that must survive a crash: replaced as a whole, or appended to and flushed.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::cli {

// Writes `text` to FILE.new, flushes it, renames it over FILE and flushes the folder. Mode 0600. Errors: internal, with the
// cause.
Status replace_file(const std::string& file, std::string_view text);

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release();
  void reset();

 private:
  int number_ = -1;
};

// All of it, over short writes and interruptions.
Status write_all(int descriptor, std::string_view bytes, const std::string& file);
Status flush_to_disk(int descriptor, const std::string& file);

// "<what> <file>: <the system's words for errno>".
Error system_error(std::string_view what, const std::string& file);

}  // namespace posthorn::cli
