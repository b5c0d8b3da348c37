#include "outbound/simulation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace posthorn::outbound {
namespace {

constexpr std::uint64_t kSeeds = 50;

TEST(Simulation, HoldsItsPromisesUnderFaults) {
  const std::filesystem::path memory = "/dev/shm";
  const auto base = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
  const auto folder = base / ("posthorn-simulation-" + std::to_string(::getpid()));
  SimulationReport total;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto report = simulate(seed, folder.string());
    EXPECT_TRUE(report.violations.empty()) << "outbound_simulation --seed " << seed << "\n" << report.summary();
    total.requests += report.requests;
    total.crashes += report.crashes;
    total.refusals += report.refusals;
    total.duplicates += report.duplicates;
  }
  // Control: the faults did happen.
  EXPECT_GT(total.requests, 100 * kSeeds);
  EXPECT_GT(total.crashes, kSeeds / 2);
  EXPECT_GT(total.refusals, kSeeds / 2);
  EXPECT_GT(total.duplicates, 0u);
}

TEST(Simulation, DoesNotStampedeAnEndpointThatComesBack) {
  for (const auto answer : {ComeBackAnswer::refused, ComeBackAnswer::unavailable}) {
    const auto report = simulate_come_back(10'000, ComeBackOrder::none, answer);
    EXPECT_TRUE(report.violations.empty()) << report.summary();
    EXPECT_LT(report.during, 600u) << "it was not hammered while it was away";
  }
}

TEST(Simulation, KeepsTheOrderForAnEndpointThatComesBack) {
  const auto report = simulate_come_back(3'000, ComeBackOrder::fifo, ComeBackAnswer::refused);
  EXPECT_TRUE(report.violations.empty()) << report.summary();
}

}  // namespace
}  // namespace posthorn::outbound
