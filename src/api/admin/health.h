// Whether the server serves: what /health/ready asks.
#pragma once

#include <string>

namespace posthorn::api::admin {

struct Readiness {
  bool ready = false;
  std::string reason;  // for people, when it is not: "starting", "stopping", what the store says
};

class HealthSource {
 public:
  virtual ~HealthSource() = default;
  // Cheap, and from any thread.
  virtual Readiness readiness() const = 0;
};

}  // namespace posthorn::api::admin
