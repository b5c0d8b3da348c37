#include "domain/outbound/statistics.h"

#include <algorithm>

namespace posthorn::domain {
namespace {

void append_number(std::string& text, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) text += static_cast<char>((number & 0x7f) | 0x80);
  text += static_cast<char>(number);
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !text.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

void append_text(std::string& text, std::string_view part) {
  append_number(text, part.size());
  text += part;
}

std::optional<std::string_view> take_text(std::string_view& text) {
  const auto size = take_number(text);
  if (!size || *size > text.size()) return std::nullopt;
  const std::string_view part = text.substr(0, *size);
  text.remove_prefix(*size);
  return part;
}

}  // namespace

std::int64_t hour_of(Timestamp time) { return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count(); }
Timestamp start_of_hour(std::int64_t hour) { return Timestamp(std::chrono::hours(hour)); }

std::size_t latency_bucket(Milliseconds latency) {
  const auto bound = std::ranges::lower_bound(kLatencyBoundsMs, latency.count());
  return static_cast<std::size_t>(bound - kLatencyBoundsMs.begin());
}

void Counters::add(std::uint8_t which, std::uint64_t by) {
  if (by == 0) return;
  const auto place = std::ranges::lower_bound(counts_, which, {}, &std::pair<std::uint8_t, std::uint64_t>::first);
  if (place != counts_.end() && place->first == which) {
    place->second += by;
  } else {
    counts_.insert(place, {which, by});
  }
}

void Counters::add(const Counters& other) {
  for (const auto& [which, count] : other.counts_) add(which, count);
}

std::uint64_t Counters::of(std::uint8_t which) const {
  const auto place = std::ranges::lower_bound(counts_, which, {}, &std::pair<std::uint8_t, std::uint64_t>::first);
  return place != counts_.end() && place->first == which ? place->second : 0;
}

std::optional<double> Counters::latency_ms(double part) const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) total += of(static_cast<std::uint8_t>(kLatencyFrom + i));
  if (total == 0) return std::nullopt;
  const double wanted = part * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < kLatencyBoundsMs.size(); ++i) {
    const auto here = static_cast<double>(of(static_cast<std::uint8_t>(kLatencyFrom + i)));
    const auto from = i == 0 ? 0.0 : static_cast<double>(kLatencyBoundsMs[i - 1]);
    const auto to = static_cast<double>(kLatencyBoundsMs[i]);
    if (here > 0 && below + here >= wanted) return from + (to - from) * (wanted - below) / here;
    below += here;
  }
  return static_cast<double>(kLatencyBoundsMs.back());
}

std::string Counters::encode() const {
  std::string text;
  for (const auto& [which, count] : counts_) {
    append_number(text, which);
    append_number(text, count);
  }
  return text;
}

Counters Counters::decode(std::string_view text) {
  Counters counters;
  while (!text.empty()) {
    const auto which = take_number(text);
    const auto count = take_number(text);
    if (!which || !count || *which > 0xff) break;
    counters.add(static_cast<std::uint8_t>(*which), *count);
  }
  return counters;
}

CountedSeries roll_up(const CountedSeries& finest) {
  CountedSeries sums;
  for (const auto& [series, counters] : finest) {
    sums[{series.tenant, {}, {}, series.hour}].add(counters);
    sums[{series.tenant, {}, series.topic, series.hour}].add(counters);
    if (!series.subscription) continue;
    sums[{series.tenant, series.subscription, {}, series.hour}].add(counters);
    sums[series].add(counters);
  }
  return sums;
}

void append_counted(std::string& text, const Series& series, const Counters& counters) {
  append_number(text, static_cast<std::uint64_t>(series.tenant.value));
  append_number(text, static_cast<std::uint64_t>(series.subscription.value));
  append_text(text, series.topic);
  append_number(text, static_cast<std::uint64_t>(series.hour));
  append_text(text, counters.encode());
}

std::optional<std::pair<Series, Counters>> take_counted(std::string_view& text) {
  const auto tenant = take_number(text);
  const auto subscription = take_number(text);
  const auto topic = take_text(text);
  const auto hour = take_number(text);
  const auto counters = take_text(text);
  if (!tenant || !subscription || !topic || !hour || !counters) return std::nullopt;
  Series series{{static_cast<std::int64_t>(*tenant)},
                {static_cast<std::int64_t>(*subscription)},
                std::string(*topic),
                static_cast<std::int64_t>(*hour)};
  return std::pair{std::move(series), Counters::decode(*counters)};
}

}  // namespace posthorn::domain
