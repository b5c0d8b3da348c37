#include "base/ids.h"

#include <algorithm>
#include <array>

namespace posthorn {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kEpoch{Milliseconds(1'577'836'800'000)};  // 2020-01-01T00:00:00Z
constexpr int kOriginBits = 10;
constexpr int kSequenceBits = 12;
constexpr int kTimeShift = kOriginBits + kSequenceBits;
constexpr std::int64_t kTimeMax = (std::int64_t{1} << 41) - 1;
constexpr std::int64_t kSequenceStep = std::int64_t{1} << kOriginBits;
constexpr std::int64_t kOriginMask = kSequenceStep - 1;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Timestamp key_time(std::int64_t key) { return kEpoch + Milliseconds(key >> kTimeShift); }

std::int64_t first_key_at(Timestamp time) {
  const auto since = (time - kEpoch).count();
  return std::clamp<std::int64_t>(since, 0, kTimeMax) << kTimeShift;
}

std::string id_text(std::int64_t key, std::uint64_t salt) {
  const auto milliseconds = static_cast<std::uint64_t>(key_time(key).time_since_epoch().count());
  const auto bits = static_cast<std::uint64_t>(key);
  const std::uint64_t sequence = (bits >> kOriginBits) & 0xfff;
  const std::uint64_t origin = bits & static_cast<std::uint64_t>(kOriginMask);
  const std::uint64_t high = (milliseconds << 16) | 0x7000 | sequence;
  const std::uint64_t low = (std::uint64_t{0b10} << 62) | (origin << 52) | (salt & kSaltMask);

  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t at = 0;
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) ++at;
    const std::uint64_t half = digit < 16 ? high : low;
    text[at++] = kDigits[(half >> (60 - 4 * (digit % 16))) & 0xf];
  }
  return text;
}

std::optional<RawId> parse_raw_id(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::array<std::uint64_t, 2> halves{};
  int digit = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& half = halves[digit < 16 ? 0 : 1];
    half = (half << 4) | static_cast<std::uint64_t>(value);
    ++digit;
  }
  const auto [high, low] = halves;
  if ((high & 0xf000) != 0x7000 || (low >> 62) != 0b10) return std::nullopt;
  const auto since = static_cast<std::int64_t>(high >> 16) - kEpoch.time_since_epoch().count();
  if (since < 0 || since > kTimeMax) return std::nullopt;
  const auto sequence = static_cast<std::int64_t>(high & 0xfff);
  const auto origin = static_cast<std::int64_t>((low >> 52) & static_cast<std::uint64_t>(kOriginMask));
  return RawId{(since << kTimeShift) | (sequence << kOriginBits) | origin, low & kSaltMask};
}

std::int64_t late_key_after(std::int64_t key) {
  constexpr std::int64_t kOrigins = 1024;
  const std::int64_t next = key + 1;
  const std::int64_t origin = next % kOrigins;
  return origin < kLateOrigin ? next - origin + kLateOrigin : next;
}

IdSource::IdSource(const Clock& clock, std::uint64_t seed, std::uint16_t origin, std::int64_t above)
    : clock_(clock), origin_(origin), last_(above & ~kOriginMask), random_(seed) {}

std::int64_t IdSource::next_key() {
  const std::int64_t now = first_key_at(clock_.schedule_now());
  std::int64_t last = last_.load(std::memory_order_relaxed);
  std::int64_t chosen = 0;
  do {
    chosen = std::max(now, last + kSequenceStep);
  } while (!last_.compare_exchange_weak(last, chosen, std::memory_order_relaxed));
  return chosen | origin_;
}

std::uint64_t IdSource::next_salt() {
  const std::lock_guard lock(random_mutex_);
  return random_.next() & kSaltMask;
}

}  // namespace posthorn
