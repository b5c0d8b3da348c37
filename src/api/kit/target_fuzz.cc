// Paths and queries as they come from anybody.
#include <cstddef>
#include <cstdint>

#include "api/kit/percent.h"
#include "api/kit/router.h"
#include "base/check.h"
#include "base/text.h"

namespace {

using namespace posthorn::api;

const Router& router() {
  static const Router made([] {
    std::vector<Route> routes;
    for (const std::string_view pattern : {"/a", "/a/{b}", "/a/{b}/c/{d}", "/a/{b}/c/d", "/{x}/y"}) {
      routes.push_back({.method = Method::get, .pattern = pattern});
    }
    return routes;
  }());
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto segments = PathSegments::split(text)) {
    const RouteMatch match = router().find(Method::get, *segments);
    if (match.route != nullptr) POSTHORN_CHECK(match.allowed != 0);
    for (std::size_t i = 0; i < segments->size(); ++i) {
      if (text.find('%') != std::string_view::npos) POSTHORN_CHECK(posthorn::is_valid_utf8((*segments)[i]));
    }
  }
  if (const auto pairs = parse_query(text)) {
    for (const auto& [name, value] : *pairs) POSTHORN_CHECK(posthorn::is_valid_utf8(name) && posthorn::is_valid_utf8(value));
  }
  return 0;
}
