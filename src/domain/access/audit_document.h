// What the audit log keeps of an object before and after a change: JSON without secrets. Values of headers and members whose
// names speak of secrets are "***"; of a long document only its size and digest are kept.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "domain/access/account.h"
#include "domain/outbound/automation.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

inline constexpr std::size_t kAuditDocumentBytesMax = 16 * 1024;

std::string audit_document(const Tenant& tenant);
std::string audit_document(const Topic& topic);
std::string audit_document(const Scope& scope);
std::string audit_document(const Subscription& subscription);
std::string audit_document(const Automation& automation);
std::string audit_document(const Account& account);
std::string audit_document(const Grant& grant);
std::string audit_document(const Issuer& issuer);

// The same treatment for any object.
std::string audit_document(boost::json::object object);

}  // namespace posthorn::domain
