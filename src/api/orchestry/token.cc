// The token call: the request as a client sends it to Microsoft's endpoint, answered by our own client credentials.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/token_call.h"
#include "api/orchestry/orchestry_routes.h"
#include "base/text.h"

namespace posthorn::api::orchestry {
namespace {

constexpr Surface kTokenSurface{.name = "orchestry", .write_error = write_oauth_error, .while_disabled = WhileDisabled::serves};
constexpr std::size_t kTokenFormBytesMax = 8 * 1024;
constexpr std::string_view kDefaultScope = "/.default";
// In a tenant's settings: the id of its Microsoft Entra tenant, which Orchestry's clients have in the path.
constexpr std::string_view kEntraTenant = "entraTenantId";

bool is_called(const domain::Tenant& tenant, std::string_view name) {
  if (name == tenant.name) return true;
  const auto settings = read_object(tenant.settings);
  const auto* id = settings ? settings->if_contains(kEntraTenant) : nullptr;
  return id != nullptr && id->is_string() && equals_ignoring_case(std::string_view(id->get_string()), name);
}

// A client of the server as a whole may name any tenant that is there.
bool is_tenant_of_client(const Services& services, std::string_view name, TenantKey client) {
  if (!client) return services.tenants.find(name) != nullptr;
  const auto tenant = services.tenants.find(client);
  return tenant && is_called(*tenant, name);
}

net::Task<Answer> token(Services services, RequestContext& context) {
  const auto call = read_token_call(context.request);
  if (!call) co_return call.error();
  if (!call->scope.ends_with(kDefaultScope)) {
    co_return invalid("scope", "The scope must end in /.default.", "invalid_scope");
  }
  const access::TokenRequest request{call->client_id, call->client_secret, call->scope, context.request.peer};
  const auto issued = services.access.tokens.issue(request);
  if (!issued) co_return issued.error();
  if (!is_tenant_of_client(services, context.parameters[0], issued->tenant)) {
    co_return Error{ErrorKind::unauthenticated, "invalid_client", "The client is not one of this tenant.", {}, {}};
  }
  co_return token_answer(*issued);
}

// Orchestry's page writes the path in another way than Microsoft does, and Microsoft's endpoint takes any case.
net::Task<Answer> token_in_any_spelling(Services services, RequestContext& context) {
  const std::string& protocol = context.parameters[1];
  const bool known = (equals_ignoring_case(protocol, "oauth2") || equals_ignoring_case(protocol, "oauth")) &&
                     equals_ignoring_case(context.parameters[2], "v2.0");
  if (!known) co_return not_found("There is nothing at this path.");
  co_return co_await token(services, context);
}

}  // namespace

void add_token_routes(std::vector<Route>& routes, const Services& services) {
  const auto add = [&](std::string_view pattern, Call call) {
    routes.push_back({.method = Method::post,
                      .pattern = pattern,
                      .body = BodyKind::form,
                      .body_bytes_max = kTokenFormBytesMax,
                      .handler = handler(services, call),
                      .surface = &kTokenSurface});
  };
  add("/orchestry/{tenant}/oauth2/v2.0/token", token);
  add("/orchestry/{tenant}/{protocol}/{version}/token", token_in_any_spelling);
}

}  // namespace posthorn::api::orchestry
