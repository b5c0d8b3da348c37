#include "outbound/polling.h"

#include <utility>

#include "base/limits.h"

namespace posthorn::outbound {

Polling::Polling(EventLoop& loop, store::Session& session, const Clock& clock, PollHub& hub)
    : loop_(loop), session_(session), clock_(clock), hub_(hub) {}

net::Task<Result<store::PolledPage>> Polling::read(store::PollDeliveries query) {
  co_return co_await net::until<Result<store::PolledPage>>(
      [&](auto done) { session_.poll_deliveries(query, std::move(done)); });
}

net::Task<Result<store::PolledPage>> Polling::poll(store::PollDeliveries query, Milliseconds wait) {
  const SteadyTime until = clock_.steady_now() + wait;
  auto page = co_await read(query);
  if (!page || !page->items.empty() || wait.count() == 0 || hub_.closed()) co_return page;
  PollHub::Place place = hub_.enter(query.subscription, loop_);
  if (!place) co_return unavailable("too many readers wait already", "too_many_waiters");
  while (true) {
    place.waiter().woken = false;
    page = co_await read(query);
    if (!page || !page->items.empty() || hub_.closed() || clock_.steady_now() >= until) co_return page;
    if (!place.waiter().woken) co_await wait_for_news(place.waiter(), until);
  }
}

net::Task<> Polling::wait_for_news(PollHub::Waiter& waiter, SteadyTime until) {
  std::unique_ptr<Alarm> limit;
  co_await net::until<int>([&](auto done) {
    auto shared = std::make_shared<UniqueFunction<void(int)>>(std::move(done));
    const auto once = [shared] {
      if (*shared) std::exchange(*shared, nullptr)(0);
    };
    waiter.on_wake = once;
    limit = loop_.make_alarm(once);
    limit->set(until);
  });
  waiter.on_wake = nullptr;
}

net::Task<Result<std::uint64_t>> Polling::acknowledge(SubscriptionKey subscription, std::int64_t through) {
  std::uint64_t count = 0;
  while (true) {
    store::AcknowledgePolled write{subscription, through, static_cast<std::uint32_t>(kPollAcknowledgeStepMax),
                                   clock_.schedule_now()};
    auto step = co_await net::until<Result<store::AcknowledgedPolled>>(
        [&](auto done) { session_.acknowledge_polled(write, std::move(done)); });
    if (!step) co_return std::move(step).error();
    count += step->count;
    if (!step->more) co_return count;
  }
}

}  // namespace posthorn::outbound
