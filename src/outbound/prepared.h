// Prepared: what a lane needs of its subscription for every attempt, worked out once per change of the subscription.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "domain/outbound/signature.h"
#include "domain/outbound/subscription.h"
#include "domain/outbound/subscription_secrets.h"
#include "net/url.h"
#include "outbound/endpoint_access.h"
#include "outbound/render_cache.h"
#include "script/program.h"

namespace posthorn::outbound {

struct Prepared {
  domain::SubscriptionPtr subscription;
  std::shared_ptr<const net::Url> url;
  std::string fixed_header_lines;  // User-Agent, Content-Type and the subscription's own
  std::shared_ptr<domain::Signer> signer;
  std::string tenant;                              // its name
  EndpointAccessPtr access;                        // null: nothing but the request
  std::shared_ptr<const script::Program> program;  // of its transform; null when it has none
};

// Errors: internal (a stored URL that does not parse).
Result<Prepared> prepare(domain::SubscriptionPtr subscription, const domain::SubscriptionSecrets& secrets, std::string tenant);

// What is sent of a rendered event: the shared body, or one of its own with the subscription's secret in it.
std::shared_ptr<const std::string> body_for(const domain::Signer& signer, const RenderedPtr& rendered, Timestamp wall_now);

}  // namespace posthorn::outbound
