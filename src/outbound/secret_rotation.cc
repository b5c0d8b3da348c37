// Catalogue::rotate_secret: what the new secrets are is decided in domain/outbound/subscription_secrets.h.
#include "outbound/catalogue.h"

namespace posthorn::outbound {

using domain::SubscriptionPtr;

net::Task<Result<Catalogue::RotatedSecret>> Catalogue::rotate_secret(store::Session& session, SubscriptionPtr subscription,
                                                                     std::string secret, Milliseconds overlap,
                                                                     std::int64_t expected_revision, store::Author author) {
  auto stored = secrets_of(*subscription);
  if (!stored) co_return std::move(stored).error();
  if (secret.empty()) secret = make_secret();
  if (secret == stored->current) co_return invalid("secret", "is the current secret already", "unchanged_secret");
  std::optional<domain::SubscriptionSecrets> next =
      domain::rotated(std::move(*stored), secret, clock_.wall_now(), clock_.wall_now() + overlap);
  const std::optional<Timestamp> until = next->previous.empty() ? std::nullopt : std::optional(next->previous_until);
  domain::Subscription changed = *subscription;
  auto saved = co_await save_subscription(session, std::move(changed), std::move(next), expected_revision, std::move(author));
  if (!saved) co_return std::move(saved).error();
  RotatedSecret rotated{std::move(*saved), std::move(secret), until};
  co_return rotated;
}

}  // namespace posthorn::outbound
