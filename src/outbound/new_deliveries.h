// The deliveries of one event, as they are first written. Used by whoever accepts events.
#pragma once

#include <vector>

#include "base/ids.h"
#include "domain/outbound/event_document.h"
#include "domain/outbound/subscription.h"
#include "outbound/accepted_work.h"

namespace posthorn::outbound {

// Enters the event into the order horizon when somebody gets it in order; makes its id either way.
OrderHorizon::PassagePtr give_id(domain::Event& event, const std::vector<domain::SubscriptionPtr>& matched, IdSource& ids,
                                 OrderHorizon& horizon);

store::NewDelivery new_delivery(SubscriptionId id, const domain::Subscription& subscription, IdSource& ids,
                                domain::EventDocument& document);

// The first kFanoutInlineMax of `matched` (in order of key) go into `write`; the others are its `rest`: Fanout's.
void make_deliveries(store::NewEvent& write, const std::vector<domain::SubscriptionPtr>& matched, IdSource& ids,
                     domain::EventDocument& document);

}  // namespace posthorn::outbound
