// What the surfaces' handlers work with, and the shape that all of them have.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "access/access.h"
#include "access/tenants.h"
#include "api/kit/router.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "base/limits.h"
#include "outbound/catalogue.h"
#include "outbound/delivery_service.h"
#include "outbound/job_service.h"
#include "outbound/polling.h"
#include "outbound/privacy_service.h"
#include "outbound/publisher.h"
#include "outbound/test_delivery.h"
#include "script/runner.h"
#include "store/store.h"

namespace posthorn::api {

// References to what one in-loop has; all of it outlives the router.
struct Services {
  store::Session& session;
  access::Tenants& tenants;
  access::Access& access;
  outbound::Catalogue& catalogue;
  outbound::Publisher& publisher;
  outbound::DeliveryService& deliveries;
  outbound::JobService& jobs;
  outbound::Polling& polling;
  outbound::PrivacyService& privacy;
  script::Runner& scripts;
  EventLoop& loop;  // the in-loop itself, where answers of other threads come back
  const Clock& clock;
  std::size_t event_body_bytes_max = kEventBodyBytesMaxDefault;
  outbound::TestDelivery* tests = nullptr;  // null: no test deliveries
};

using Call = net::Task<Answer> (*)(Services, RequestContext&);

inline Handler handler(const Services& services, Call call) {
  return [services, call](RequestContext& context) { return call(services, context); };
}

}  // namespace posthorn::api
