#include "domain/outbound/order.h"

#include <cstring>

#include "crypto/crypto.h"

namespace posthorn::domain {
namespace {

constexpr std::int64_t kFifo = 0;

std::int64_t hash_of(std::string_view text) {
  const auto digest = crypto::sha256(text);
  std::int64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash == kFifo ? 1 : hash;
}

}  // namespace

std::optional<std::int64_t> order_key(const Order& order, EventDocument& event) {
  switch (order.mode) {
    case Order::Mode::none:
      return std::nullopt;
    case Order::Mode::fifo:
      return kFifo;
    case Order::Mode::keyed: {
      const auto value = event.key_of(*order.path);
      return hash_of(value ? "v" + *value : std::string("absent"));
    }
  }
  return std::nullopt;
}

}  // namespace posthorn::domain
