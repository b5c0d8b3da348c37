#include "store/sqlite/rows.h"

#include <charconv>

namespace posthorn::store::sqlite {
namespace {

void read_trace_column(std::string_view text, domain::Event& event) {
  const auto end = std::min(text.find(';'), text.size());
  event.traceparent = text.substr(0, end);
  const auto hops = text.substr(std::min(end + 1, text.size()));
  std::from_chars(hops.data(), hops.data() + hops.size(), event.hops);
}

}  // namespace

domain::DeliveryState read_state(const Cursor& row, int column) {
  return static_cast<domain::DeliveryState>(row.integer(column));
}

std::string trace_column(const domain::Event& event) {
  return event.hops == 0 ? event.traceparent : event.traceparent + ";" + std::to_string(event.hops);
}

domain::Event read_event(const Cursor& row) {
  domain::Event event;
  event.id = {row.key<EventKey>(0), row.salt(1)};
  event.tenant = row.key<TenantKey>(2);
  event.topic = row.text(3);
  event.accepted_at = row.time(4);
  event.time = row.is_null(5) ? event.accepted_at : row.time(5);
  event.external_id = row.text(6);
  event.user = row.text(7);
  event.scope = row.text(8);
  read_trace_column(row.text(9), event);
  const Blob payload = row.blob(10);
  event.payload.assign(payload.begin(), payload.end());
  return event;
}

domain::Delivery read_delivery(const Cursor& row) {
  domain::Delivery delivery;
  delivery.id = {row.key<DeliveryKey>(0), row.salt(1)};
  delivery.tenant = row.key<TenantKey>(2);
  delivery.event = {row.key<EventKey>(3), row.salt(4)};
  delivery.subscription = {row.key<SubscriptionKey>(5), row.salt(6)};
  delivery.topic = row.text(7);
  delivery.state = read_state(row, 8);
  delivery.attempts = row.count(9);
  delivery.schedule_start = row.count(10);
  delivery.due = row.time(11);
  delivery.created_at = key_time(delivery.id.key.value);
  delivery.updated_at = row.is_null(12) ? delivery.created_at : row.time(12);
  return delivery;
}

domain::Attempt read_attempt(const Cursor& row) {
  domain::Attempt attempt;
  attempt.number = row.count(0);
  attempt.started_at = row.time(1);
  attempt.duration = std::chrono::microseconds(row.integer(2));
  attempt.failure = static_cast<domain::FailureKind>(row.integer(3));
  attempt.status = static_cast<int>(row.integer(4));
  attempt.detail = row.text(5);
  const Blob response = row.blob(6);
  attempt.response.assign(response.begin(), response.end());
  return attempt;
}

}  // namespace posthorn::store::sqlite
