#include <openssl/rand.h>

#include "base/check.h"
#include "crypto/crypto.h"

namespace posthorn::crypto {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  constexpr std::size_t kCallBytesMax = 1 << 20;  // RAND_bytes counts in int
  for (std::size_t at = 0; at < count; at += kCallBytesMax) {
    const int size = static_cast<int>(std::min(kCallBytesMax, count - at));
    POSTHORN_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data() + at), size) == 1);
  }
  return bytes;
}

}  // namespace posthorn::crypto
