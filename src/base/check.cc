#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace posthorn {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "posthorn: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace posthorn
