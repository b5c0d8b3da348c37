// Jobs as the API shows them.
#pragma once

#include <string>

#include "domain/outbound/job.h"

namespace posthorn::api::native {

void append_job(std::string& body, const domain::Job& job);

}  // namespace posthorn::api::native
