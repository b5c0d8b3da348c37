// Things as their own calls show them, for an export too.
#pragma once

#include <string>

#include "api/kit/services.h"
#include "domain/access/account.h"
#include "domain/outbound/automation.h"
#include "store/access_operations.h"

namespace posthorn::api::native {

void append_automation(std::string& body, const domain::Automation& automation);
void append_grant(std::string& body, const Services& services, const domain::Grant& grant);
void append_issuer(std::string& body, const Services& services, const domain::Issuer& issuer);
void append_audit(std::string& body, const Services& services, const store::AuditEntry& entry);

}  // namespace posthorn::api::native
