// Surface: what the routes of one surface share: how its errors look, and what it does while a tenant's webhooks are off.
//
// A vendor's surface declares one static Surface and points each of its routes to it. Routes without one are native.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "net/http_server.h"

namespace posthorn::api {

struct RequestContext;

// Makes the answer to an error: status and body. The service adds the request id and, where they are missing, Retry-After and
// WWW-Authenticate. An inner failure comes with kind `internal` and words that may be shown.
using ErrorWriter = net::HttpResponse (*)(const Error& error, const RequestContext& context);

enum class WhileDisabled : std::uint8_t {
  serves,   // configuration can be prepared while webhooks are off; publishing is refused by the publisher itself
  refuses,  // every call that is about a tenant answers webhooks_disabled (403)
};

struct Surface {
  std::string_view name;              // for the log and the audit log: "native", "orangelogic"
  std::string_view prefix = {};       // "/orangelogic": errors of unknown paths below it look like the surface's own
  ErrorWriter write_error = nullptr;  // null: problem+json
  WhileDisabled while_disabled = WhileDisabled::refuses;
};

extern const Surface kNativeSurface;

}  // namespace posthorn::api
