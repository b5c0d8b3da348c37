// Resolver: names to addresses through c-ares, on one loop, without ever blocking it.
//
// Place: open_connection() in connect.h is its only caller; one per HttpClient.
// The hosts file counts first, then the servers of resolv.conf. No search domains: a name is what it says.
// Answers are kept for their time to live, at most kNameCacheTime; failures for kNameFailureTime. Lookups of one name that
//   run at the same time are one. What the hosts file answers has no time to live and is read each time.
// Limits: kNameCacheEntriesMax, kAddressesPerNameMax.
// Concurrency: belongs to its loop; destroyed there, or after the loop has stopped.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/peer_filter.h"

namespace posthorn::net {

inline constexpr auto kNameFailureTime = std::chrono::seconds(5);
// Error code: the lookup failed when this machine had no socket to spare. Such a failure is not kept.
inline constexpr std::string_view kNoSocketForNames = "names_no_socket";
inline constexpr std::size_t kAddressesPerNameMax = 4096;  // more than a TCP answer can carry is a failure

struct ResolverOptions {
  std::string servers;  // "127.0.0.1:5353,[::1]:53"; empty: the system's
  std::chrono::milliseconds try_timeout = std::chrono::milliseconds(1500);
  int tries = 3;  // over all servers
};

// All addresses of a name, in the order of the answer; never empty.
using Addresses = std::shared_ptr<const std::vector<IpAddress>>;

class Resolver {
 public:
  Resolver(Loop& loop, const Clock& clock, ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Errors: not_found (there is no such name, or it has no address), unavailable (no server gave a usable answer, or
  // kNoSocketForNames), deadline_exceeded. `name` is a host name in ASCII. Cancellable.
  Task<Result<Addresses>> resolve(std::string name, SteadyTime deadline);

  // Lookups that run end as unavailable; later ones too.
  void close();

  std::size_t cached_names() const;
  std::size_t lookups_started() const;  // those that went to c-ares

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::net
