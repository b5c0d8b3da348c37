// Operations: health and metrics, for load balancers, systemd and Prometheus.
//
//   GET /health/live    200 while the process answers at all
//   GET /health/ready   200 when it serves; 503 with the reason when it does not
//   GET /metrics        Prometheus text; the admin key is needed unless the operator opens it
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/kit/router.h"
#include "observe/metrics.h"

namespace posthorn::api::admin {

struct Readiness {
  bool ready = false;
  std::string reason;  // for people, when it is not: "starting", "draining", what the store says
};

enum class MetricsAccess : std::uint8_t { with_key, open };

struct Operations {
  std::function<Readiness()> readiness;  // cheap and thread-safe
  observe::Metrics& metrics;             // outlives the router
  MetricsAccess metrics_access = MetricsAccess::with_key;
};

std::vector<Route> routes(const Operations& operations);

}  // namespace posthorn::api::admin
