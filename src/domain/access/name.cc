#include "domain/access/name.h"

#include <algorithm>

#include "base/limits.h"

namespace posthorn::domain {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_name_character(char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == ':' || c == '-'; }

}  // namespace

Status check_name(std::string_view name, std::string field) {
  if (name.empty()) return invalid(std::move(field), "The name must not be empty.");
  if (name.size() > kNameBytesMax) {
    return invalid(std::move(field), "The name is longer than " + std::to_string(kNameBytesMax) + " bytes.");
  }
  if (!is_letter_or_digit(name.front()) || !std::all_of(name.begin(), name.end(), is_name_character)) {
    return invalid(std::move(field),
                   "A name starts with a letter or digit and has only letters, digits, '.', '_', ':' and '-'.");
  }
  return {};
}

}  // namespace posthorn::domain
