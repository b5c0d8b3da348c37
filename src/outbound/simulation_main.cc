// outbound_simulation [--seed N] [--runs N] [--long] [--folder DIR]: the simulation outside the tests. One run a seed, from N
// on; prints what fails with the seed that repeats it, and exits with 1. --long: 1,000 runs, and the endpoints that come back
// with 100,000 deliveries waiting.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "outbound/simulation.h"

namespace {

using posthorn::outbound::ComeBackAnswer;
using posthorn::outbound::ComeBackOrder;
using posthorn::outbound::simulate;
using posthorn::outbound::simulate_come_back;
using posthorn::outbound::SimulationReport;

constexpr std::uint64_t kPending = 100'000;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t runs = 50;
  bool longer = false;
  std::string folder = "/dev/shm/posthorn-simulation-" + std::to_string(::getpid());
};

bool read(int count, char** words, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--long") {
      options.longer = true;
      options.runs = 1000;
    } else if (word == "--seed" && has_value) {
      options.seed = std::strtoull(words[++i], nullptr, 10);
      options.runs = 1;
    } else if (word == "--runs" && has_value) {
      options.runs = std::strtoull(words[++i], nullptr, 10);
    } else if (word == "--folder" && has_value) {
      options.folder = words[++i];
    } else {
      return false;
    }
  }
  return true;
}

int run_seeds(const Options& options) {
  int failed = 0;
  SimulationReport total;
  for (std::uint64_t seed = options.seed; seed < options.seed + options.runs; ++seed) {
    const auto report = simulate(seed, options.folder);
    if (!report.violations.empty()) {
      ++failed;
      fmt::print("--seed {} FAILED: {}\n", seed, report.summary());
    }
    total.events += report.events;
    total.deliveries += report.deliveries;
    total.requests += report.requests;
    total.crashes += report.crashes;
    total.refusals += report.refusals;
    total.duplicates += report.duplicates;
  }
  fmt::print("{} runs from seed {}, {} failed: {}\n", options.runs, options.seed, failed, total.summary());
  return failed;
}

int run_come_backs() {
  int failed = 0;
  const struct {
    const char* name;
    ComeBackOrder order;
    ComeBackAnswer answer;
  } rows[] = {{"no connection for an hour", ComeBackOrder::none, ComeBackAnswer::refused},
              {"503 for an hour", ComeBackOrder::none, ComeBackAnswer::unavailable},
              {"no connection for an hour, fifo", ComeBackOrder::fifo, ComeBackAnswer::refused}};
  for (const auto& row : rows) {
    const auto report = simulate_come_back(kPending, row.order, row.answer);
    fmt::print("{}, {} pending: {}\n", row.name, kPending, report.summary());
    failed += report.violations.empty() ? 0 : 1;
  }
  return failed;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!read(count, words, options)) {
    fmt::print(stderr, "usage: outbound_simulation [--seed N] [--runs N] [--long] [--folder DIR]\n");
    return 2;
  }
  int failed = run_seeds(options);
  if (options.longer) failed += run_come_backs();
  return failed == 0 ? 0 : 1;
}
