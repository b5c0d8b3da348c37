// Pattern: a regular expression in RE2's syntax, compiled once; time linear in the text, memory bounded. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace posthorn::json {

inline constexpr std::size_t kPatternBytesMax = 1024;
inline constexpr std::int64_t kPatternMemoryBytes = 128 * 1024;  // compiled, with what its runs keep

class Pattern {
 public:
  // Null when RE2 refuses it (`why`: its words), and when it or its compiled form is too large.
  static std::unique_ptr<const Pattern> compile(std::string_view text, std::string* why = nullptr);
  ~Pattern();

  bool is_all_of(std::string_view text) const;
  bool is_found_in(std::string_view text) const;

 private:
  struct Impl;
  explicit Pattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::json
