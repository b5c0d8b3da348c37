#include "outbound/notices.h"

#include <algorithm>

#include "observe/trace.h"
#include "outbound/new_deliveries.h"

namespace posthorn::outbound {
namespace {

constexpr double kNoticesPerSecond = 1.0 / 6;
constexpr std::uint32_t kNoticeBurst = 10;
constexpr std::size_t kBoundsMax = 10'000;  // subscriptions and kinds whose bound is remembered

}  // namespace

Notices::Notices(const Catalogue& catalogue, IdSource& ids, const Clock& clock, OrderHorizon& horizon, std::uint64_t seed)
    : catalogue_(catalogue),
      ids_(ids),
      clock_(clock),
      horizon_(horizon),
      random_(seed),
      bucket_({kNoticesPerSecond, kNoticeBurst}) {}

std::optional<NoticeMade> Notices::make(domain::Notice notice, domain::NoticeFacts facts) {
  if (domain::is_reserved_topic(facts.event->topic)) return std::nullopt;
  const domain::Subscription& about = *facts.subscription;
  auto event = std::make_shared<domain::Event>();
  event->tenant = about.tenant;
  event->topic = domain::topic_of(notice);
  auto matched = catalogue_.match(*event);
  if (notice == domain::Notice::subscription_disabled) {
    std::erase_if(matched, [&](const domain::SubscriptionPtr& one) { return one->id == about.id; });
  }
  if (matched.empty()) return std::nullopt;

  const Timestamp now = clock_.schedule_now();
  if (bounds_.size() >= kBoundsMax) {
    std::erase_if(bounds_, [&](const auto& entry) {
      return entry.second.suppressed == 0 && bucket_.next(entry.second.kept, now) <= now;
    });
  }
  Bound& bound = bounds_[{about.id.key, notice}];
  const auto after = bucket_.after_take(bound.kept, now);
  if (after == bound.kept) {
    ++bound.suppressed;
    return std::nullopt;
  }
  bound.kept = after;
  facts.suppressed = std::exchange(bound.suppressed, 0);

  auto passage = give_id(*event, matched, ids_, horizon_);
  event->accepted_at = now;
  event->time = clock_.wall_now();
  event->traceparent = observe::make_traceparent(random_);
  event->payload = domain::notice_payload(notice, facts);
  domain::EventDocument document(*event, {});
  NoticeMade made;
  make_deliveries(made.write, matched, ids_, document);
  made.write.event = event;
  made.work = {event, made.write.deliveries, made.write.rest, std::move(passage)};
  return made;
}

}  // namespace posthorn::outbound
