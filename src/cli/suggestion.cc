#include "cli/suggestion.h"

#include <algorithm>
#include <numeric>

namespace posthorn::cli {
namespace {

// Letters to change, add, leave out, or swap with the next (optimal string alignment).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::vector<std::size_t>> cost(left.size() + 1, std::vector<std::size_t>(right.size() + 1));
  std::iota(cost[0].begin(), cost[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    cost[i][0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool is_same = left[i - 1] == right[j - 1];
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (is_same ? 0 : 1)});
      const bool is_swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (is_swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[left.size()][right.size()];
}

constexpr std::size_t kWordMax = 64;

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() < 2 || word.size() > kWordMax) return {};
  std::string best;
  std::size_t best_distance = 1 + std::min<std::size_t>(2, word.size() / 3);
  for (const auto& candidate : known) {
    const auto far = candidate.starts_with(word) ? std::size_t{1} : distance(word, candidate);
    if (far < best_distance) {
      best = candidate;
      best_distance = far;
    }
  }
  return best;
}

std::vector<std::string> unknown_variables(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  std::vector<std::string> unknown;
  for (const auto& name : names) {
    if (name.starts_with("POSTHORN_") && std::find(known.begin(), known.end(), name) == known.end()) unknown.push_back(name);
  }
  std::sort(unknown.begin(), unknown.end());
  return unknown;
}

}  // namespace posthorn::cli
