// A dry run of publishing: who would get an event, and why the others would not. Nothing is stored.
//
// Place: called by api/*, with the event that Publisher::preview() made.
// Limits: one call looks at kDryRunLooksMax subscriptions at most and asks the predicates of those whose topic and scope fit.
#pragma once

#include <vector>

#include "domain/outbound/predicate_list.h"
#include "outbound/catalogue.h"

namespace posthorn::outbound {

inline constexpr std::size_t kDryRunLooksMax = 5000;

struct DryRunRow {
  domain::SubscriptionPtr subscription;
  domain::Explanation explanation;  // its selection is empty when the predicates were not asked
};
enum class DryRunRows { all, applying };

struct DryRunPage {
  std::vector<DryRunRow> rows;  // oldest subscription first
  SubscriptionKey next;         // where the next page starts; 0 when there is none
};

// `after`: 0 for the first page.
DryRunPage dry_run(const Catalogue& catalogue, const domain::Event& event, DryRunRows wanted, SubscriptionKey after,
                   std::size_t limit);

}  // namespace posthorn::outbound
