// RequestContext: one request on its way through the service, as handlers see it.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "access/tenants.h"
#include "api/kit/limits.h"
#include "api/kit/percent.h"
#include "api/kit/surface.h"
#include "domain/access/permit.h"
#include "net/http_server.h"
#include "store/access_operations.h"

namespace posthorn::api {

// The query's parameters; only those that the route declares are there.
class Query {
 public:
  Query() = default;
  explicit Query(QueryPairs pairs) : pairs_(std::move(pairs)) {}

  // The value, or a view with a null data pointer when the parameter is absent.
  std::string_view find(std::string_view name) const {
    for (const auto& [key, value] : pairs_) {
      if (key == name) return {value.data(), value.size()};
    }
    return {};
  }
  const QueryPairs& pairs() const { return pairs_; }

 private:
  QueryPairs pairs_;
};

struct Route;

struct RequestContext {
  explicit RequestContext(const net::HttpRequest& from) : request(from) {}

  const net::HttpRequest& request;  // its views are valid until the handler has answered
  std::string request_id;
  const Route* route = nullptr;                            // null until one is found
  std::string_view pattern;                                // of the route, for logs
  std::array<std::string, kPathParametersMax> parameters;  // decoded, in the pattern's order
  Query query;
  domain::PrincipalPtr principal;  // null on routes that are open to everybody
  access::TenantPtr tenant;        // set for routes that are bound to a tenant
  const Surface* surface = &kNativeSurface;

  // Whether the call's action may show or touch this subscription of the call's tenant. Handlers of routes whose reach is
  // `filtered` ask for each subscription, and treat those that may not be touched as not there.
  bool reaches(SubscriptionKey subscription) const;

  // Who asks for the change that the handler makes. Whoever is given it writes the entry of the audit log, in the change's own
  // transaction; a change for which nobody asks is recorded by the service, with what its handler says of it here (as JSON
  // objects without secrets).
  store::Author author();
  bool author_given = false;
  std::string audit_before;
  std::string audit_after;
};

}  // namespace posthorn::api
