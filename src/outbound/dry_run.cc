#include "outbound/dry_run.h"

#include <algorithm>

#include "base/limits.h"

namespace posthorn::outbound {

DryRunPage dry_run(const Catalogue& catalogue, const domain::Event& event, DryRunRows wanted, SubscriptionKey after,
                   std::size_t limit) {
  domain::EventDocument document(event, catalogue.tenant_name(event.tenant));
  DryRunPage page;
  for (std::size_t looks = 0; looks < kDryRunLooksMax;) {
    const auto some = catalogue.list_subscriptions(event.tenant, after, kPageItemsMax);
    for (const auto& subscription : some) {
      domain::Explanation explanation;
      explanation.refusal = domain::refusal_before_predicates(subscription->settings, event);
      if (explanation.refusal == domain::Refusal::none) explanation = domain::explain(subscription->settings, event, document);
      if (wanted == DryRunRows::all || explanation.refusal == domain::Refusal::none) {
        if (page.rows.size() == limit) {
          page.next = after;
          return page;
        }
        page.rows.push_back({subscription, explanation});
      }
      after = subscription->id.key;
    }
    looks += some.size();
    if (some.size() < kPageItemsMax) return page;
  }
  page.next = after;
  return page;
}

}  // namespace posthorn::outbound
