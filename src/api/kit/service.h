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
#include <optional>
#include <string>
#include <string_view>

#include "access/authorizer.h"
#include "access/tenants.h"
#include "api/kit/router.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "net/http_server.h"
#include "store/store.h"

namespace posthorn::api {

class Service final : public net::HttpService {
 public:
  // `seed`: for request ids, which need not be secret.
  Service(const Router& router, access::Authorizer& authorizer, const access::Tenants& tenants, const Clock& clock,
          std::uint64_t seed);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Where changes are recorded that their handlers did not record. Without it they are not.
  void keep_audit(store::Session& session, IdSource& ids);

  std::size_t body_bytes_max(const net::HttpRequest& head) override;
  net::Task<net::HttpResponse> handle(const net::HttpRequest& request) override;
  std::optional<net::HttpResponse> refuse_early(const net::HttpRequest& head) override;
  net::HttpResponse refuse(int status, std::string_view detail, const net::HttpRequest* head) override;

 private:
  struct Admission {
    const Route* route = nullptr;  // null: the answer is in `response` already
    net::HttpResponse response;
    access::IssuerPtr wanted;  // its keys must be fetched before it can be said who calls; then once more
  };

  Admission admit(RequestContext& context);
  Result<const Route*> check(const RouteMatch& match, RequestContext& context, access::IssuerPtr& wanted);
  const Route* route_of(const net::HttpRequest& head) const;
  std::optional<Error> refusal_of_caller(const net::HttpRequest& head);
  Status find_principal(RequestContext& context, access::IssuerPtr& wanted);
  net::Task<net::HttpResponse> run(RequestContext& context);
  bool is_unrecorded_change(const RequestContext& context, const net::HttpResponse& response) const;
  net::Task<void> record_change(RequestContext& context);
  Status bind_tenant(RequestContext& context) const;
  std::string request_id(const net::HttpRequest& request);
  std::string new_request_id();
  void finish(const RequestContext& context, net::HttpResponse& response) const;

  const Router& router_;
  access::Authorizer& authorizer_;
  const access::Tenants& tenants_;
  const Clock& clock_;
  SeededRandom random_;
  store::Session* audit_session_ = nullptr;
  IdSource* audit_ids_ = nullptr;
};

}  // namespace posthorn::api
