#include "store/sqlite/list_reads.h"

#include <algorithm>
#include <limits>

namespace posthorn::store::sqlite {
namespace {

constexpr std::size_t kRowsWalkedMax = 20'000;
constexpr std::size_t kPageBytesMax = 8 * 1024 * 1024;

Error no_such_event() { return not_found("the event does not exist"); }
Error no_such_delivery() { return not_found("the delivery does not exist"); }

// Keys grow with time, so a range of times is a range of keys.
struct KeyRange {
  std::int64_t from = 0;
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
};
KeyRange key_range(const PageQuery& page, std::optional<Timestamp> since, std::optional<Timestamp> until) {
  KeyRange range;
  if (since) range.from = first_key_at(*since);
  if (until) range.below = first_key_at(*until);
  if (page.cursor > 0) range.below = std::min(range.below, page.cursor);
  return range;
}

// Of a row that a walk passes.
bool wanted(const ListDeliveries& query, const Cursor& row) {
  return row.key<TenantKey>(1) == query.tenant && (!query.event || row.key<EventKey>(2) == query.event) &&
         (!query.subscription || row.key<SubscriptionKey>(3) == query.subscription) &&
         (!query.state || read_state(row, 4) == *query.state);
}

}  // namespace

bool ListReads::lives(TenantKey tenant) { return !deleted_tenant_.open(tenant).next(); }

Result<EventRow> ListReads::find_event(const FindEvent& query) {
  if (!lives(query.tenant)) return no_such_event();
  Cursor row = query.id.key ? event_.open(query.id.key, query.id.salt, query.tenant)
                            : external_event_.open(query.tenant, query.external_id);
  if (!row.next()) return no_such_event();
  return EventRow{read_event(row), row.count(kEventColumnCount)};
}

Page<EventRow> ListReads::list_events(const ListEvents& query) {
  Page<EventRow> page;
  if (!lives(query.tenant)) return page;
  const KeyRange range = key_range(query.page, query.since, query.until);
  Cursor row = walk_events_.open(query.tenant, range.from, range.below);
  std::size_t walked = 0;
  std::size_t bytes = 0;
  std::int64_t last = 0;
  while (row.next()) {
    if (page.items.size() >= query.page.limit || walked >= kRowsWalkedMax || bytes > kPageBytesMax) {
      page.next = last;
      return page;
    }
    ++walked;
    last = row.integer(0);
    if (row.key<TenantKey>(1) != query.tenant || (!query.topic.empty() && row.text(2) != query.topic)) continue;
    Cursor found = event_by_key_.open(last);
    if (!found.next()) continue;
    page.items.push_back({read_event(found), found.count(kEventColumnCount)});
    bytes += page.items.back().event.payload.size();
  }
  return page;
}

Result<domain::Delivery> ListReads::find_delivery(const FindDelivery& query) {
  if (!lives(query.tenant)) return no_such_delivery();
  Cursor row = delivery_.open(query.delivery.key, query.delivery.salt, query.tenant);
  if (!row.next()) return no_such_delivery();
  return read_delivery(row);
}

// The way that leaves the least to walk.
Cursor ListReads::walk_deliveries(const ListDeliveries& query, std::int64_t from, std::int64_t below) {
  if (query.event) return walk_event_.open(query.event, from, below);
  if (query.subscription) return walk_owner_.open(query.subscription, from, below);
  if (query.state == domain::DeliveryState::exhausted || query.state == domain::DeliveryState::cancelled) {
    return walk_failed_.open(query.tenant, from, below, static_cast<int>(*query.state));
  }
  return walk_owner_.open(query.tenant, from, below);
}

Page<domain::Delivery> ListReads::list_deliveries(const ListDeliveries& query) {
  Page<domain::Delivery> page;
  if (!lives(query.tenant)) return page;
  const KeyRange range = key_range(query.page, query.since, query.until);
  Cursor row = walk_deliveries(query, range.from, range.below);
  std::size_t walked = 0;
  std::int64_t last = 0;
  while (row.next()) {
    if (page.items.size() >= query.page.limit || walked >= kRowsWalkedMax) {
      page.next = last;
      return page;
    }
    ++walked;
    last = row.integer(0);
    if (!wanted(query, row)) continue;
    Cursor found = delivery_by_key_.open(last);
    if (!found.next()) continue;
    domain::Delivery delivery = read_delivery(found);
    if (query.topic.empty() || delivery.topic == query.topic) page.items.push_back(std::move(delivery));
  }
  return page;
}

Result<std::vector<domain::Attempt>> ListReads::list_attempts(const ListAttempts& query) {
  if (!lives(query.tenant) || !is_delivery_.open(query.delivery.key, query.delivery.salt, query.tenant).next()) {
    return no_such_delivery();
  }
  std::vector<domain::Attempt> attempts;
  for (Cursor row = attempts_.open(query.delivery.key); row.next();) attempts.push_back(read_attempt(row));
  return attempts;
}

}  // namespace posthorn::store::sqlite
