// Statistics: counters of what happened to a tenant's events in one hour, as they are kept while writing.
//
// A series is everything of a tenant (subscription 0, no topic), of one of its topics, of one subscription, or of one topic for
// one subscription. A publisher's event counts where the subscription is 0 only: it belongs to no subscription.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/outbound/attempt.h"

namespace posthorn::domain {

struct Series {
  TenantKey tenant;
  SubscriptionKey subscription;  // 0: all
  std::string topic;             // empty: all
  std::int64_t hour = 0;         // since 1970, UTC

  friend auto operator<=>(const Series&, const Series&) = default;
};

std::int64_t hour_of(Timestamp time);
Timestamp start_of_hour(std::int64_t hour);

// The upper bounds of the latency buckets (from accepted to delivered); the last bucket has none.
inline constexpr std::array<std::int64_t, 24> kLatencyBoundsMs{
    1,      2,      5,      10,      20,      50,      100,       200,       500,        1'000,      2'000,      5'000,
    10'000, 20'000, 60'000, 120'000, 300'000, 600'000, 1'800'000, 3'600'000, 10'800'000, 21'600'000, 43'200'000, 86'400'000};
inline constexpr std::size_t kLatencyBuckets = kLatencyBoundsMs.size() + 1;
std::size_t latency_bucket(Milliseconds latency);

// Sparse: most counters of most series are zero.
class Counters {
 public:
  // Numbers that the stored rows use: never changed, only added to.
  enum Which : std::uint8_t { accepted = 0, delivered = 1, exhausted = 2, attempts = 3 };
  static constexpr std::uint8_t kFailuresFrom = 16;  // + FailureKind
  static constexpr std::uint8_t kLatencyFrom = 128;  // + bucket

  void add(std::uint8_t which, std::uint64_t by = 1);
  void add(const Counters& other);
  std::uint64_t of(std::uint8_t which) const;
  bool empty() const { return counts_.empty(); }

  std::uint64_t failures(FailureKind kind) const {
    return of(static_cast<std::uint8_t>(kFailuresFrom + static_cast<int>(kind)));
  }
  void add_failure(FailureKind kind) { add(static_cast<std::uint8_t>(kFailuresFrom + static_cast<int>(kind))); }
  void add_latency(Milliseconds latency) { add(static_cast<std::uint8_t>(kLatencyFrom + latency_bucket(latency))); }

  // The latency in milliseconds below which `part` (0 to 1) of the delivered ones were: interpolated within its bucket, the
  // largest bound when it lies beyond. Nothing when none was delivered.
  std::optional<double> latency_ms(double part) const;

  // Pairs of which and count as LEB128 numbers. decode() takes what it can read of damaged text.
  std::string encode() const;
  static Counters decode(std::string_view text);

  friend bool operator==(const Counters&, const Counters&) = default;

 private:
  std::vector<std::pair<std::uint8_t, std::uint64_t>> counts_;  // in order of which; no zero
};

using CountedSeries = std::map<Series, Counters>;

// What the finest series add to: those of the tenant, of its topics, of its subscriptions, and themselves.
CountedSeries roll_up(const CountedSeries& finest);

// One series with its counters behind others in one text, and taken from its front again; nothing at the end, or where the text
// is damaged.
void append_counted(std::string& text, const Series& series, const Counters& counters);
std::optional<std::pair<Series, Counters>> take_counted(std::string_view& text);

}  // namespace posthorn::domain
