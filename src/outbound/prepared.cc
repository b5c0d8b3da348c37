#include "outbound/prepared.h"

#include "base/text.h"
#include "base/version.h"
#include "domain/outbound/batch.h"
#include "domain/outbound/format.h"
#include "outbound/transforms.h"

namespace posthorn::outbound {

Result<Prepared> prepare(domain::SubscriptionPtr subscription, const domain::SubscriptionSecrets& secrets, std::string tenant) {
  const auto& settings = subscription->settings;
  auto url = net::parse_url(settings.url, "url");
  if (!url) return internal_error("subscription " + to_text(subscription->id) + " has an unusable URL: " + url.error().message);

  auto access = make_endpoint_access(*subscription, secrets);
  if (!access) return std::move(access).error();
  const auto type = settings.batching ? domain::batch_content_type(settings.format) : domain::content_type(settings.format);
  std::string lines = "Content-Type: " + std::string(type) + "\r\n";
  bool has_user_agent = false;
  for (const auto& header : settings.headers) {
    has_user_agent |= equals_ignoring_case(header.name, "user-agent");
    lines += header.name + ": " + header.value + "\r\n";
  }
  if (!has_user_agent) lines += "User-Agent: Posthorn/" + std::string(kVersion) + "\r\n";
  return Prepared{subscription,
                  std::make_shared<const net::Url>(std::move(*url)),
                  std::move(lines),
                  std::make_shared<domain::Signer>(settings, secrets),
                  std::move(tenant),
                  std::move(*access),
                  settings.transform ? program_of(*settings.transform) : nullptr};
}

std::shared_ptr<const std::string> body_for(const domain::Signer& signer, const RenderedPtr& rendered, Timestamp wall_now) {
  if (rendered->secret_at) {
    const auto secret = signer.plain_secret(wall_now);
    if (!secret.empty()) return std::make_shared<const std::string>(domain::with_secret(*rendered, secret));
  }
  return {rendered, &rendered->body};
}

}  // namespace posthorn::outbound
