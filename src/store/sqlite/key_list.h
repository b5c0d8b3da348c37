// Increasing keys as bytes: the differences as LEB128 (seven bits a byte, the lowest first).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace posthorn::store::sqlite {

// `difference` > 0.
void append_difference(std::string& bytes, std::uint64_t difference);
// Takes it off the front. 0: the bytes are not well-formed.
std::uint64_t take_difference(std::string_view& bytes);

template <class Tag>
std::string encode_keys(const std::vector<NamedKey<Tag>>& keys) {
  std::string bytes;
  bytes.reserve(keys.size() * 5);
  std::int64_t last = 0;
  for (const auto key : keys) {
    append_difference(bytes, static_cast<std::uint64_t>(key.value - last));
    last = key.value;
  }
  return bytes;
}

// Nothing unless the bytes are of encode_keys().
template <class Key>
std::optional<std::vector<Key>> decode_keys(std::string_view bytes) {
  std::vector<Key> keys;
  std::uint64_t last = 0;
  while (!bytes.empty()) {
    const std::uint64_t difference = take_difference(bytes);
    if (difference == 0 || difference > static_cast<std::uint64_t>(INT64_MAX) - last) return std::nullopt;
    last += difference;
    keys.push_back(Key{static_cast<std::int64_t>(last)});
  }
  return keys;
}

}  // namespace posthorn::store::sqlite
