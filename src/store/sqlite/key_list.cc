#include "store/sqlite/key_list.h"

namespace posthorn::store::sqlite {

void append_difference(std::string& bytes, std::uint64_t difference) {
  for (; difference >= 0x80; difference >>= 7) bytes += static_cast<char>((difference & 0x7f) | 0x80);
  bytes += static_cast<char>(difference);
}

std::uint64_t take_difference(std::string_view& bytes) {
  std::uint64_t difference = 0;
  for (int shift = 0; !bytes.empty() && shift < 63; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    difference |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return difference;
  }
  return 0;
}

}  // namespace posthorn::store::sqlite
