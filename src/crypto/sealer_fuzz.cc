// Sealed values come from the store; a damaged file must never do worse than "cannot_unseal".
#include <cstdint>

#include "base/check.h"
#include "crypto/crypto.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const posthorn::crypto::Sealer sealer({{1, std::string(32, 'k')}, {0x01010101, std::string(32, 'o')}});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  POSTHORN_CHECK(!sealer.open(bytes, "subscription 1"));  // nobody guesses a tag
  POSTHORN_CHECK(sealer.open(sealer.seal(bytes, bytes), bytes).value() == bytes);
  return 0;
}
