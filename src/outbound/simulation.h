// Simulation: the sending engine on a manual clock and loop, a played network and a real SQLite store in a file, with faults.
// One seed is one run, repeatable to the last attempt. For tests and outbound_simulation.
//
// A run: a tenant with a few subscriptions of random orders, limits and retry policies; events that are accepted over two
// publishers whose news reach the lanes late and in any order; part of the deliveries made by a fan-out. Meanwhile endpoints go
// away, answer slowly, badly or with 503, deliveries are cancelled and sent again, the disk refuses writes, and the process is
// killed: whatever was not committed is gone, and everything starts again from the file. At the end all endpoints are well.
//
// What is checked:
//   - nothing acknowledged is lost: in the end each of its deliveries succeeded, was given up after its whole schedule, or was
//     cancelled; what the store calls succeeded was received, and what was recorded as over is not sent again;
//   - in order: when an ordered delivery is sent, the store says that the one before it in its sequence is over;
//   - no rate limit (subscription's or tenant's) and no concurrency limit is passed;
//   - an endpoint that cannot be reached is probed, not hammered;
//   - everything drains, and nothing is counted as runnable then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace posthorn::outbound {

struct SimulationReport {
  std::vector<std::string> violations;
  std::uint64_t events = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t requests = 0;
  std::uint64_t crashes = 0;
  std::uint64_t refusals = 0;  // stretches in which the disk refused writes
  std::uint64_t duplicates = 0;
  std::string summary() const;
};

// `folder`: where the store's file stands; emptied first.
SimulationReport simulate(std::uint64_t seed, const std::string& folder);

// An endpoint that cannot be reached for an hour while `pending` deliveries gather, and then is back.
struct ComeBackReport {
  std::vector<std::string> violations;
  std::uint64_t delivered = 0;
  std::uint64_t seconds = 0;  // from the first success until 98 in 100 were delivered
  double mean = 0;            // requests a second
  std::uint64_t most = 0;     // requests in the fullest second
  std::uint64_t during = 0;   // attempts during the hour
  std::string summary() const;
};
enum class ComeBackOrder { none, fifo };
enum class ComeBackAnswer { refused, unavailable };  // what it does during the hour: no connection, or 503
ComeBackReport simulate_come_back(std::uint64_t pending, ComeBackOrder order, ComeBackAnswer answer);

}  // namespace posthorn::outbound
