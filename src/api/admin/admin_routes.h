// Routes for operations: health and metrics, for load balancers, systemd and Prometheus.
//
//   GET /health/live    200 while the process answers at all
//   GET /health/ready   200 when it serves; 503 with the reason when it does not
//   GET /metrics        Prometheus text; the admin key is needed unless the operator opens it
#pragma once

#include <cstdint>
#include <vector>

#include "api/admin/health.h"
#include "api/kit/router.h"
#include "observe/metrics.h"

namespace posthorn::api::admin {

enum class MetricsAccess : std::uint8_t { with_key, open };

struct Operations {
  const HealthSource& health;  // outlives the router, like the metrics
  observe::Metrics& metrics;
  MetricsAccess metrics_access = MetricsAccess::with_key;
};

std::vector<Route> routes(const Operations& operations);

}  // namespace posthorn::api::admin
