// Service: answers every request of a server: route, principal, permission, query and body rules, handler, and the one funnel
// that turns whatever goes wrong into a problem body.
//
// Place: net::HttpServer calls it; handlers come with the Router's routes (api/native, api/admin, later dialects).
// Order of refusals: bad path 400, unknown path 404, wrong method 405, no credentials 401, unknown tenant 404, another tenant's
//   or not granted 404, not allowed 403, webhooks off 403, body's kind 400 or 415, query 400 or 422; then the handler's own.
// Errors have the form of the route's surface (surface.h); of the one that the path is below when there is no route.
// Concurrency: one per in-loop, like the handlers' sessions. The authorizer and the tenants are shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "access/authorizer.h"
#include "access/tenants.h"
#include "api/kit/router.h"
#include "base/clock.h"
#include "base/random.h"
#include "net/http_server.h"

namespace posthorn::api {

class Service final : public net::HttpService {
 public:
  // `seed`: for request ids, which need not be secret.
  Service(const Router& router, const access::Authorizer& authorizer, const access::Tenants& tenants, const Clock& clock,
          std::uint64_t seed);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::size_t body_bytes_max(const net::HttpRequest& head) override;
  net::Task<net::HttpResponse> handle(const net::HttpRequest& request) override;
  net::HttpResponse refuse(int status, std::string_view detail) override;

 private:
  struct Admission {
    const Route* route = nullptr;  // null: the answer is in `response` already
    net::HttpResponse response;
  };

  Admission admit(RequestContext& context);
  Result<const Route*> check(const RouteMatch& match, RequestContext& context);
  Status bind_tenant(RequestContext& context) const;
  std::string request_id(const net::HttpRequest& request);
  std::string new_request_id();
  void finish(const RequestContext& context, net::HttpResponse& response) const;

  const Router& router_;
  const access::Authorizer& authorizer_;
  const access::Tenants& tenants_;
  const Clock& clock_;
  SeededRandom random_;
};

}  // namespace posthorn::api
