#include "domain/access/audit_document.h"

#include <array>

#include "base/text.h"
#include "crypto/crypto.h"
#include "domain/outbound/subscription_document.h"
#include "json/plain_text.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

constexpr std::string_view kMask = "***";

// Members whose name has one of these words in it are masked whole.
constexpr std::array<std::string_view, 5> kSecretWords{"secret", "password", "token", "credential", "private"};
// Objects whose values may be secrets though their names say nothing.
constexpr std::array<std::string_view, 2> kSecretMaps{"headers", "authentication"};

bool speaks_of(std::string_view name, const auto& words) {
  const std::string lower = to_ascii_lower(name);
  for (const auto word : words) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

void mask_all(bj::value& value) {
  if (auto* object = value.if_object()) {
    for (auto& member : *object) mask_all(member.value());
  } else if (auto* list = value.if_array()) {
    for (auto& item : *list) mask_all(item);
  } else if (value.is_string()) {
    value = kMask;
  }
}

void mask(bj::value& value) {
  if (auto* list = value.if_array()) {
    for (auto& item : *list) mask(item);
  }
  auto* object = value.if_object();
  if (object == nullptr) return;
  for (auto& member : *object) {
    if (speaks_of(member.key(), kSecretWords) || speaks_of(member.key(), kSecretMaps)) {
      mask_all(member.value());
    } else {
      mask(member.value());
    }
  }
}

bj::value document_of(const std::string& text) {
  if (text.empty()) return nullptr;
  auto value = json::parse(text);
  return value ? std::move(*value) : bj::value(nullptr);
}

bj::array roles_to_json(Roles roles) {
  bj::array list;
  for (const Role role : kRoles) {
    if (roles.has(role)) list.emplace_back(to_text(role));
  }
  return list;
}

}  // namespace

std::string audit_document(bj::object object) {
  bj::value value(std::move(object));
  mask(value);
  std::string text = json::to_plain_text(value);
  if (text.size() <= kAuditDocumentBytesMax) return text;
  const auto digest = crypto::sha256(text);
  return R"({"bytes":)" + std::to_string(text.size()) + R"(,"sha256":")" +
         hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}) + "\"}";
}

std::string audit_document(const Tenant& tenant) {
  return audit_document(bj::object{
      {"name", tenant.display_name}, {"webhooksEnabled", tenant.webhooks_enabled}, {"settings", document_of(tenant.settings)}});
}

std::string audit_document(const Topic& topic) {
  return audit_document(bj::object{
      {"description", topic.description}, {"schema", document_of(topic.schema)}, {"example", document_of(topic.example)}});
}

std::string audit_document(const Scope& scope) { return audit_document(bj::object{{"name", scope.display_name}}); }

std::string audit_document(const Automation& automation) { return audit_document(write_automation(automation.settings)); }

std::string audit_document(const Subscription& subscription) {
  bj::object object = write_settings(subscription.settings);
  if (!subscription.disabled_reason.empty()) object["disabledReason"] = subscription.disabled_reason;
  return audit_document(std::move(object));
}

std::string audit_document(const Account& account) {
  bj::object object{{"name", account.name}, {"roles", roles_to_json(account.roles)}};
  if (account.kind == AccountKind::key) {
    object["expiresAt"] = account.expires ? bj::value(to_rfc3339(*account.expires)) : bj::value(nullptr);
  }
  return audit_document(std::move(object));
}

std::string audit_document(const Grant& grant) {
  return audit_document(bj::object{{"principal", grant.principal},
                                   {"object", bj::object{{"kind", "subscription"}, {"id", to_text(grant.subscription)}}}});
}

std::string audit_document(const Issuer& issuer) { return audit_document(write_issuer(issuer.settings)); }

}  // namespace posthorn::domain
