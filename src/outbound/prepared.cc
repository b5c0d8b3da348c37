#include "outbound/prepared.h"

#include "base/text.h"
#include "base/version.h"
#include "outbound/transforms.h"

namespace posthorn::outbound {

Result<Prepared> prepare(domain::SubscriptionPtr subscription, const domain::SubscriptionSecrets& secrets) {
  const auto& settings = subscription->settings;
  auto url = net::parse_url(settings.url, "url");
  if (!url) return internal_error("subscription " + to_text(subscription->id) + " has an unusable URL: " + url.error().message);

  std::string lines = "Content-Type: application/json\r\n";
  bool has_user_agent = false;
  for (const auto& header : settings.headers) {
    has_user_agent |= equals_ignoring_case(header.name, "user-agent");
    lines += header.name + ": " + header.value + "\r\n";
  }
  if (!has_user_agent) lines += "User-Agent: Posthorn/" + std::string(kVersion) + "\r\n";
  return Prepared{subscription, std::make_shared<const net::Url>(std::move(*url)), std::move(lines),
                  std::make_shared<domain::Signer>(settings.signatures, std::vector{secrets.current}),
                  settings.transform ? program_of(*settings.transform) : nullptr};
}

}  // namespace posthorn::outbound
