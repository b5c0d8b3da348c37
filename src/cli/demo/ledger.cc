#include "cli/demo/ledger.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace posthorn::cli::demo {
namespace {

constexpr std::size_t kMovesMax = 5;

}  // namespace

void Ledger::add(const std::string& event_id, Published published) {
  const std::lock_guard lock(mutex_);
  events_[event_id] = published;
}

std::size_t Ledger::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

PublishedEvents Ledger::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

PlannedChanges plan_changes(std::size_t files) {
  PlannedChanges planned;
  planned.edits = std::max<std::size_t>(files / 10, 1);
  planned.removals = files < 2 ? 0 : std::max<std::size_t>(files / 20, 1);
  planned.moves = files < 3 ? 0 : std::clamp<std::size_t>(files / 20, 1, kMovesMax);
  return planned;
}

std::string not_exercised(const PublishedEvents& published, const std::vector<EndpointSum>& sums) {
  const auto has = [&](watch::Change change) {
    return std::any_of(published.begin(), published.end(), [&](const auto& one) { return one.second.change == change; });
  };
  std::string text;
  const auto add = [&](bool is_missing, std::string_view words) {
    if (is_missing) text += (text.empty() ? "" : ", ") + std::string(words);
  };
  add(!has(watch::Change::edited), "no file was edited");
  add(!has(watch::Change::deleted), "no file was deleted");
  add(std::none_of(sums.begin(), sums.end(), [](const auto& sum) { return sum.refused > 0; }),
      "no endpoint refused a delivery, so nothing was retried");
  return text;
}

EndpointSum sum_up(const std::string& name, const std::vector<Received>& received, const std::vector<bool>& valid,
                   const PublishedEvents& published) {
  POSTHORN_CHECK(received.size() == valid.size());
  EndpointSum sum;
  sum.name = name;
  sum.requests = received.size();
  std::set<std::string_view> taken;
  for (std::size_t i = 0; i < received.size(); ++i) {
    if (!valid[i]) ++sum.badly_signed;
    if (!published.contains(received[i].id)) ++sum.unknown;
    if (received[i].status != 200) {
      ++sum.refused;
    } else if (!taken.insert(received[i].id).second) {
      ++sum.duplicates;
    }
  }
  sum.delivered = taken.size();
  for (const auto& [id, event] : published) {
    if (!taken.contains(id)) ++sum.missing;
  }
  return sum;
}

Latency latency_of(const std::vector<Received>& received, const PublishedEvents& published, Phase phase) {
  std::vector<double> seconds;
  std::set<std::string_view> seen;
  for (const auto& one : received) {
    const auto event = published.find(one.id);
    if (event == published.end() || event->second.phase != phase || !seen.insert(one.id).second) continue;
    seconds.push_back(std::chrono::duration<double>(one.arrival.steady_at - event->second.sent_at).count());
  }
  if (seconds.empty()) return {};
  std::sort(seconds.begin(), seconds.end());
  const auto at = [&](double share) {
    return seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1))];
  };
  return {seconds.size(), at(0.50), at(0.99)};
}

}  // namespace posthorn::cli::demo
