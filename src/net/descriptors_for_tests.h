// For tests of what happens when this process may open nothing more.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

namespace posthorn::net {

// The undefined-behaviour sanitizer opens a pipe to see whether an object may be looked at; when it cannot, it takes the object
// for a broken one. GCC tells of the address sanitizer only; its presets have both.
#if defined(__SANITIZE_ADDRESS__) || __has_feature(undefined_behavior_sanitizer)
inline constexpr bool kBearsShortageOfDescriptors = false;
#else
inline constexpr bool kBearsShortageOfDescriptors = true;
#endif

// From `allowed` on no descriptor is opened, for as long as this lives.
class ShortageOfDescriptors {
 public:
  explicit ShortageOfDescriptors(rlim_t allowed = 0) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &old_), 0);
    const rlimit none{allowed, old_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ShortageOfDescriptors(const ShortageOfDescriptors&) = delete;
  ShortageOfDescriptors& operator=(const ShortageOfDescriptors&) = delete;
  ~ShortageOfDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &old_), 0); }

 private:
  rlimit old_{};
};

}  // namespace posthorn::net
