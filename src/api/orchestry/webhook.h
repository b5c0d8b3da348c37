// Webhook: a subscription as Orchestry's provisioning API shows it, and back. Pure.
//
// Orchestry's words for the five events stand on the wire; inside they are topics. A webhook's name is unique in its tenant:
// the subscription's uid is made of it, and the store keeps uids apart.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/outbound/subscription.h"

namespace posthorn::api::orchestry {

// Orchestry does not publish the name of its header.
inline constexpr std::string_view kSecretHeader = "X-Orchestry-Secret";

// The name that the tenant's settings give the header: {"orchestry": {"secretHeader": "X-Our-Secret"}}; kSecretHeader without.
// Errors name the member, beginning with "settings/orchestry".
Result<std::string> secret_header(std::string_view settings);

// What a caller sends. Members that are absent are nothing; for a new webhook, name, event and url must be there.
struct WebhookInput {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> topic;  // of the event
  std::optional<std::string> url;
  std::optional<std::string> secret;  // empty: none any more
};

enum class Completeness { all, changes };

// Member names are read without regard to case. Errors: invalid_argument naming the member.
Result<WebhookInput> read_webhook(const boost::json::object& object, Completeness completeness);

// The settings that the input makes of `base`.
domain::SubscriptionSettings apply(const WebhookInput& input, domain::SubscriptionSettings base);

// A new webhook's settings, before apply().
domain::SubscriptionSettings blank_webhook(std::string_view secret_header = kSecretHeader);

// Whether a subscription of the tenant is a webhook of this surface.
bool is_webhook(const domain::Subscription& subscription);

// Appends the webhook as JSON, without its secret.
void append_webhook(std::string& body, const domain::Subscription& subscription);

// "provisioningRequested" and the page's title "Provisioning Requested" to "workspace.provisioning.requested"; nothing for
// other words.
std::optional<std::string_view> topic_of(std::string_view event);

}  // namespace posthorn::api::orchestry
