// The token call of OAuth 2.0's client-credentials grant (RFC 6749, 4.4), for every surface that has one.
//
//   const auto call = read_token_call(context.request);
//   if (!call) co_return call.error();
//   const auto issued = tokens.issue({call->client_id, call->client_secret, call->scope, context.request.peer});
//   if (!issued) co_return issued.error();
//   co_return token_answer(*issued);
//
// Errors become RFC 6749's (5.2) by write_oauth_error, which a surface may take as its error writer.
#pragma once

#include <string>

#include "access/token_issuer.h"
#include "api/kit/context.h"
#include "net/http_server.h"

namespace posthorn::api {

struct TokenCall {
  std::string client_id;
  std::string client_secret;
  std::string scope;
};

// From the form body, with id and secret there or in HTTP Basic (2.3.1). Fields that are not known are passed over (3.2).
// Errors: malformed "invalid_request"; invalid_argument "unsupported_grant_type"; unauthenticated "invalid_client".
Result<TokenCall> read_token_call(const net::HttpRequest& request);

net::HttpResponse token_answer(const access::IssuedToken& issued);

net::HttpResponse write_oauth_error(const Error& error, const RequestContext& context);

}  // namespace posthorn::api
