#include "store/sqlite/write.h"

namespace posthorn::store::sqlite {
namespace {

std::size_t rows_of(const NewEvent& event) {
  std::size_t rows = 1 + event.deliveries.size() + (event.idempotency ? 1 : 0);
  for (const NewEvent& derived : event.derived) rows += rows_of(derived);
  return rows;
}

std::size_t rows_of(const AcceptEvents& operation, std::size_t from) {
  std::size_t rows = 0;
  for (std::size_t i = from; i < operation.events.size(); ++i) rows += rows_of(operation.events[i]);
  return rows;
}

std::size_t bytes_of(const std::vector<NewEvent>& events) {
  std::size_t bytes = 0;
  const SubscriptionSet* last = nullptr;
  for (const NewEvent& event : events) {
    bytes += sizeof(NewEvent) + event.event->payload.size() + event.deliveries.size() * sizeof(NewDelivery) +
             bytes_of(event.derived);
    if (event.rest && (last == nullptr || *last != event.rest)) bytes += event.rest->size() * sizeof(SubscriptionKey);
    last = &event.rest;
  }
  return bytes;
}

}  // namespace

AcceptWrite::AcceptWrite(std::shared_ptr<SessionState> session, AcceptEvents operation, Done<Accepted> done)
    : Write(std::move(session), WriteClass::publisher, rows_of(operation, 0), bytes_of(operation.events)),
      operation_(std::move(operation)),
      done_(std::move(done)) {
  results_.reserve(operation_.events.size());
}

bool AcceptWrite::apply(Tables& tables, std::size_t rows_max) {
  std::size_t rows = 0;
  while (results_.size() < operation_.events.size()) {
    const NewEvent& event = operation_.events[results_.size()];
    if (rows > 0 && rows + rows_of(event) > rows_max) return false;
    rows += rows_of(event);
    results_.push_back(tables.events.accept(event));
  }
  return true;
}

void AcceptWrite::keep() {
  kept_ = results_.size();
  set_rows(rows_of(operation_, kept_));
}

void AcceptWrite::rewind() { results_.resize(kept_, Result<AcceptedEvent>(AcceptedEvent{})); }

void AcceptWrite::fail(const Error& error) {
  if (kept_ == 0) {
    failure_ = error;
    return;
  }
  rewind();
  results_.resize(operation_.events.size(), Result<AcceptedEvent>(error));
}

void AcceptWrite::complete() {
  if (failure_) {
    done_(std::move(*failure_));
  } else {
    done_(std::move(results_));
  }
}

}  // namespace posthorn::store::sqlite
