// If-Match and If-None-Match (RFC 9110, 13.1) over rows whose entity tag is their revision.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "net/http.h"

namespace posthorn::api {

// `revision`: of the row that the call would change; nothing when there is none.
// Errors: precondition_failed; malformed, naming the header, when it is not a list of entity tags.
Status check_preconditions(const net::HeaderViews& headers, std::optional<std::int64_t> revision);

// A change that lost a race against another one: precondition_failed from the store. A caller who sent no If-Match did not
// ask for that: it becomes a conflict that says to try again.
Error explain_lost_race(Error error, const net::HeaderViews& headers);

}  // namespace posthorn::api
