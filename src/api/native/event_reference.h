// Events are named by their UUID or by the id that their publisher chose: one place that finds out which.
#pragma once

#include <string>

#include "api/kit/services.h"

namespace posthorn::api::native {

// Errors: not_found, unavailable. A UUID is tried first.
net::Task<Result<store::EventRow>> find_event(Services services, TenantKey tenant, std::string text);

}  // namespace posthorn::api::native
