#include "api/native/read_only.h"

#include <algorithm>

#include "json/reader.h"

namespace posthorn::api::native {

Status take_read_only(boost::json::object& object, std::string_view shown, std::initializer_list<std::string_view> names) {
  if (std::none_of(names.begin(), names.end(), [&](std::string_view name) { return object.contains(name); })) return {};
  auto stored = json::parse(shown);
  if (!stored) return std::move(stored).error();
  for (const auto name : names) {
    const auto* given = object.if_contains(name);
    if (given == nullptr) continue;
    const auto* known = stored->get_object().if_contains(name);
    if (known == nullptr || *known != *given) {
      return invalid(std::string(name), "is read-only and not what is stored: leave it out, or read the object again",
                     "read_only");
    }
    object.erase(name);
  }
  return {};
}

std::string shown_before_it_is_made(std::string_view id) { return R"({"id":")" + std::string(id) + R"("})"; }

}  // namespace posthorn::api::native
