#include "script/program.h"

#include <array>

namespace posthorn::script {

std::string_view to_text(Language language) {
  switch (language) {
    case Language::jq:
      return "jq";
    case Language::javascript:
      return "javascript";
  }
  return {};
}

std::optional<Language> parse_language(std::string_view text) {
  for (const auto language : {Language::jq, Language::javascript}) {
    if (text == to_text(language)) return language;
  }
  return std::nullopt;
}

std::string_view to_text(Ending ending) {
  switch (ending) {
    case Ending::ok:
      return "ok";
    case Ending::syntax:
      return "syntax";
    case Ending::runtime:
      return "runtime";
    case Ending::timeout:
      return "timeout";
    case Ending::memory:
      return "memory";
    case Ending::output_too_large:
      return "output_too_large";
    case Ending::crashed:
      return "crashed";
    case Ending::unavailable:
      return "unavailable";
  }
  return {};
}

std::string describe(const Outcome& outcome) {
  std::string text;
  if (outcome.line != 0) {
    text = "line " + std::to_string(outcome.line);
    if (outcome.column != 0) text += ", column " + std::to_string(outcome.column);
    text += ": ";
  }
  return text + outcome.message;
}

}  // namespace posthorn::script
