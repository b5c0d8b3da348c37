// WebhookEndpoint: a subscription as Ovation's webhook API shows it, and back. Pure.
//
// Member names come in PascalCase, camelCase or snake_case and are taken as snake_case (Ovation's API converts them); the names
// inside the header maps are header names and stay. Every mistake of a request is told at once, in Ovation's manner.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/outbound/subscription.h"
#include "domain/outbound/subscription_secrets.h"

namespace posthorn::api::ovation {

using Problems = std::vector<std::string>;  // for people: "Event not found"

// What a caller sends. Members that are absent are nothing.
struct EndpointInput {
  std::optional<std::string> target_url;
  std::optional<std::string> event;  // the topic
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::vector<domain::Header>> request_headers;
  std::optional<std::vector<domain::Header>> authentication_headers;
};

// For a new endpoint target_url, event, username and password must be there; for a change an absent password or header map
// stays.
enum class Purpose { create, update };

// `body`: the whole request, with its envelope.
boost::system::result<EndpointInput, Problems> read_endpoint(const boost::json::object& body, Purpose purpose);

// The settings and secrets that the input makes of what there was (blank_endpoint() and none for a new one).
domain::SubscriptionSettings apply(const EndpointInput& input, domain::SubscriptionSettings base);
domain::SubscriptionSecrets apply(const EndpointInput& input, domain::SubscriptionSecrets base);

// Ten seconds for each attempt, two more tries.
domain::SubscriptionSettings blank_endpoint(std::string_view project_template);

// Whether a subscription is an endpoint of that project template.
bool is_endpoint(const domain::Subscription& subscription, std::string_view project_template);

// Appends the endpoint as JSON, without password and authentication headers.
void append_endpoint(std::string& out, const domain::Subscription& subscription, const domain::SubscriptionSecrets& secrets);

// "TargetUrl", "targetUrl" and "target_url" to "target_url".
std::string snake_case(std::string_view name);

}  // namespace posthorn::api::ovation
