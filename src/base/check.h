// POSTHORN_CHECK: aborts on a broken invariant of our own, in every build. Never used on anything that a
// request, a file or a peer can contain: those give a Result.
#pragma once

namespace posthorn {

// Prints the place and the condition to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace posthorn

#define POSTHORN_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::posthorn::check_failed(#condition, __FILE__, __LINE__))
