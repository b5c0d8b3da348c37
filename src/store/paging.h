// What all lists and all saves share.
#pragma once

#include <cstdint>
#include <vector>

namespace posthorn::store {

struct Saved {
  std::int64_t revision;
};

// Newest first. `cursor` is the last key of the previous page (0 for the first); `next` is 0 at the end.
struct PageQuery {
  std::uint32_t limit = 50;
  std::int64_t cursor = 0;
};
template <class T>
struct Page {
  std::vector<T> items;
  std::int64_t next = 0;
};

}  // namespace posthorn::store
