// Endpoint: a webhook receiver on this machine. Hands every request to a function and answers what that says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"

namespace posthorn::cli {

// One request, as it came.
struct Arrival {
  Timestamp at;
  SteadyTime steady_at;
  std::string method;
  std::string target;
  std::vector<net::OwnedHeader> headers;
  std::string body;

  // Of any case; empty when it is not there.
  std::string_view header(std::string_view name) const;
};

class Endpoint {
 public:
  // Called on the endpoint's own thread, one request after the other; answers the status.
  using Handler = std::function<int(Arrival)>;

  explicit Endpoint(Handler handler);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Port 0: any free one. Errors name host and port.
  Status start(const std::string& host, std::uint16_t port);
  std::uint16_t port() const;
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::cli
