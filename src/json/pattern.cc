#include "json/pattern.h"

#include <re2/re2.h>

namespace posthorn::json {
namespace {

re2::RE2::Options options() {
  re2::RE2::Options made;
  made.set_log_errors(false);
  made.set_never_capture(true);
  made.set_max_mem(kPatternMemoryBytes);
  return made;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct Pattern::Impl {
  re2::RE2 compiled;
};

Pattern::Pattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pattern::~Pattern() = default;

std::unique_ptr<const Pattern> Pattern::compile(std::string_view text, std::string* why) {
  if (text.size() > kPatternBytesMax) {
    if (why != nullptr) *why = "longer than " + std::to_string(kPatternBytesMax) + " bytes";
    return nullptr;
  }
  std::unique_ptr<Impl> impl(new Impl{re2::RE2(piece(text), options())});
  if (!impl->compiled.ok()) {
    if (why != nullptr) *why = impl->compiled.error();
    return nullptr;
  }
  return std::unique_ptr<const Pattern>(new Pattern(std::move(impl)));
}

bool Pattern::is_all_of(std::string_view text) const { return re2::RE2::FullMatch(piece(text), impl_->compiled); }
bool Pattern::is_found_in(std::string_view text) const { return re2::RE2::PartialMatch(piece(text), impl_->compiled); }

}  // namespace posthorn::json
