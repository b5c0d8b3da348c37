#include "outbound/simulation_world.h"

#include <charconv>
#include <filesystem>

#include "base/check.h"
#include "domain/outbound/subscription_secrets.h"

namespace posthorn::outbound {
namespace {

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kMark = R"("n":)";

// Every number behind a mark, in order.
std::vector<int> numbers_in(std::string_view text) {
  std::vector<int> numbers;
  for (auto at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
    int number = 0;
    std::from_chars(text.data() + at + kMark.size(), text.data() + text.size(), number);
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

int event_number(const domain::Event& event) {
  const auto numbers = numbers_in(event.payload);
  return numbers.empty() ? 0 : numbers.front();
}

// --- the network -----------------------------------------------------------------------------------------------------------

void PlayedNetwork::send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) {
  PlayedRequest request;
  const std::string& target = attempt.url->target;
  std::from_chars(target.data() + 1, target.data() + target.size(), request.endpoint);
  request.events = numbers_in(*attempt.body);
  request.header_lines = std::move(attempt.header_lines);
  request.body = *attempt.body;
  request.done = std::move(done);
  on_request(std::move(request));
}

void PlayedNetwork::answer_later(Milliseconds after, AttemptAnswer answer, PlayedRequest request, Told told) {
  const std::uint64_t id = ++next_;
  auto alarm =
      loop_.make_alarm([this, id, answer = std::move(answer), request = std::move(request), told = std::move(told)]() mutable {
        loop_.post([keep = std::move(out_.at(id))] {});  // the alarm must not end within its own callback
        out_.erase(id);
        told(answer, request.events);
        request.done(std::move(answer));
      });
  alarm->set(clock_.steady_now() + after);
  out_[id] = std::move(alarm);
}

// --- the world -------------------------------------------------------------------------------------------------------------

SimulatedWorld::SimulatedWorld(std::uint64_t seed, std::string folder) : seed_(seed), folder_(std::move(folder)) {
  if (!folder_.empty()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    faults_ = std::make_unique<store::sqlite::FaultVfs>();
  }
  open();
  domain::Tenant tenant;
  tenant.key = tenant_ = TenantKey{ids_->next_key()};
  tenant.name = "t";
  tenant.webhooks_enabled = true;
  const auto saved = ask<store::Saved>([&](auto done) { check_session_->save_tenant({tenant, 0}, std::move(done)); });
  POSTHORN_CHECK(saved.has_value());
}

SimulatedWorld::~SimulatedWorld() {
  crash();
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

template <class T, class Ask>
Result<T> SimulatedWorld::ask(Ask ask_it) {
  std::optional<Result<T>> answer;
  ask_it([&](Result<T> result) { answer.emplace(std::move(result)); });
  check_loop_.run_ready();
  POSTHORN_CHECK(answer.has_value());
  return std::move(*answer);
}

void SimulatedWorld::open() {
  store::sqlite::SqliteOptions options;
  options.threads = store::sqlite::SqliteOptions::Threads::caller;
  options.place = folder_.empty() ? store::sqlite::SqliteOptions::Place::memory : store::sqlite::SqliteOptions::Place::folder;
  options.data_dir = folder_;
  if (faults_) options.vfs = faults_->name();
  auto opened = store::sqlite::open_sqlite(options, clock);
  POSTHORN_CHECK(opened.has_value());
  store_ = std::move(*opened);
  ids_ = std::make_unique<IdSource>(clock, seed_ + static_cast<std::uint64_t>(incarnation_), std::uint16_t{0},
                                    store_->largest_key());
  check_session_ = store_->open_session(check_loop_);
}

domain::SubscriptionPtr SimulatedWorld::subscribe(domain::SubscriptionSettings settings) {
  domain::Subscription subscription;
  subscription.id = ids_->next<SubscriptionId>();
  subscription.tenant = tenant_;
  subscription.settings = std::move(settings);
  domain::SubscriptionSecrets secrets;
  secrets.current = kSecret;
  subscription.sealed_secret = sealer_.seal(domain::encode_secrets(secrets), secret_context(subscription.id));
  const auto saved =
      ask<store::SavedSubscription>([&](auto done) { check_session_->save_subscription({subscription, 0}, std::move(done)); });
  POSTHORN_CHECK(saved.has_value());
  return std::make_shared<const domain::Subscription>(std::move(subscription));
}

void SimulatedWorld::start() {
  if (!store_) open();
  ++incarnation_;
  engine_session_ = store_->open_session(loop);
  for (int i = 0; i < 2; ++i) publisher_sessions_.push_back(store_->open_session(loop));
  shared_ = std::make_unique<LaneShared>();
  if (tenant_limit) shared_->paces.set(tenant_, tenant_limit);
  catalogue_ = std::make_unique<Catalogue>(clock, *ids_, sealer_);
  auto rows = ask<store::Catalogue>([&](auto done) { check_session_->load_catalogue(std::move(done)); });
  POSTHORN_CHECK(rows.has_value() && catalogue_->fill(std::move(*rows)).has_value());

  const auto seed = seed_ * 1000 + static_cast<std::uint64_t>(incarnation_);
  lanes_ = std::make_unique<LaneSet>(loop, *engine_session_, *catalogue_, network, clock, *shared_, metrics_, seed);
  fanout_ = std::make_unique<Fanout>(loop, *engine_session_, *catalogue_, *ids_, clock, *shared_,
                                     [this](std::vector<Work> work, const OrderHorizon::PassagePtr&) {
                                       for (const auto& one : work) {
                                         if (on_fanned_out) on_fanned_out(one);
                                       }
                                       lanes_->accept(std::move(work));
                                     });
  notices_ = std::make_unique<Notices>(*catalogue_, *ids_, clock, shared_->horizon, seed);
  // Later, as all news come: not from within the lanes' own work.
  lanes_->tell_by(*notices_, [this](AcceptedWork work) {
    loop.post([this, incarnation = incarnation_, work = std::move(work)]() mutable {
      if (incarnation == incarnation_ && lanes_) take_over(std::move(work));
    });
  });
  upkeep_ = std::make_unique<Upkeep>(loop, *engine_session_, clock, "node-" + std::to_string(incarnation_), RetentionPeriods{});
  auto hold = shared_->horizon.hold_all();
  upkeep_->start([this](Result<std::vector<store::Lease>> leases) {
    POSTHORN_CHECK(leases.has_value());
    lanes_->start(std::move(*leases), [](Status started) { POSTHORN_CHECK(started.has_value()); });
  });
  loop.run_ready();
  fanout_->start([](Status started) { POSTHORN_CHECK(started.has_value()); });
  loop.run_ready();
  hold.reset();
  loop.run_ready();
}

void SimulatedWorld::crash() {
  heal();
  // The store first: what its sessions have gathered but not handed over is refused, as if it had never been said.
  if (store_) store_->stop();
  network.forget_all();
  late_.clear();
  upkeep_.reset();
  fanout_.reset();
  lanes_.reset();
  POSTHORN_CHECK(!shared_ || runnable() == 0);  // lanes take their counts with them
  notices_.reset();
  publisher_sessions_.clear();
  engine_session_.reset();
  check_session_.reset();
  loop.run_ready();
  check_loop_.run_ready();
  catalogue_.reset();
  shared_.reset();
  store_.reset();
  accepting = 0;
}

void SimulatedWorld::publish(std::size_t publisher, std::string payload, std::size_t inline_max, Milliseconds late,
                             std::function<void(const store::NewEvent&)> acknowledged) {
  auto event = std::make_shared<domain::Event>();
  event->tenant = tenant_;
  event->topic = "a.b";
  event->time = clock.wall_now();
  event->accepted_at = clock.schedule_now();
  event->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event->payload = std::move(payload);
  const auto matched = catalogue_->match(*event);
  AcceptedWork work;
  work.passage = give_id(*event, matched, *ids_, shared_->horizon);
  domain::EventDocument document(*event, {});
  store::NewEvent write;
  make_deliveries(write, matched, *ids_, document);
  if (write.deliveries.size() > inline_max) {
    std::vector<SubscriptionKey> rest;
    for (std::size_t i = inline_max; i < matched.size(); ++i) rest.push_back(matched[i]->id.key);
    write.rest = std::make_shared<const std::vector<SubscriptionKey>>(std::move(rest));
    write.deliveries.resize(inline_max);
  }
  work.rest = write.rest;
  write.event = work.event = event;
  work.deliveries = write.deliveries;

  ++accepting;
  store::AcceptEvents accept;
  accept.events.push_back(write);
  publisher_sessions_[publisher]->accept_events(
      std::move(accept), [this, write, work = std::move(work), late, acknowledged = std::move(acknowledged)](
                             Result<std::vector<Result<store::AcceptedEvent>>> result) mutable {
        --accepting;
        if (!result || !result->front()) return;  // refused: the publisher knows
        acknowledged(write);
        const std::uint64_t id = ++next_late_;
        auto alarm = loop.make_alarm([this, id, work = std::move(work)]() mutable {
          loop.post([keep = std::move(late_.at(id))] {});
          late_.erase(id);
          take_over(std::move(work));
        });
        alarm->set(clock.steady_now() + late);
        late_[id] = std::move(alarm);
      });
}

void SimulatedWorld::take_over(AcceptedWork accepted) {
  std::vector<Work> news;
  for (const auto& one : accepted.deliveries) {
    news.push_back({one.id, one.subscription.key, accepted.event, 0, 0, accepted.event->accepted_at, one.order_key});
  }
  lanes_->accept(std::move(news));
  if (accepted.rest) fanout_->add(std::move(accepted));
}

bool SimulatedWorld::cancel(DeliveryId delivery, SubscriptionKey subscription) {
  const auto cancelled =
      ask<void>([&](auto done) { check_session_->cancel_delivery({tenant_, delivery, now()}, std::move(done)); });
  if (!cancelled) return false;
  lanes_->cancelled(subscription, delivery.key);
  return true;
}

bool SimulatedWorld::resend(DeliveryId delivery) {
  auto pending = ask<domain::PendingDelivery>(
      [&](auto done) { check_session_->resend_delivery({tenant_, delivery, now()}, std::move(done)); });
  if (!pending) return false;
  std::vector<Work> work;
  work.push_back(std::move(*pending));
  lanes_->accept(std::move(work));
  return true;
}

void SimulatedWorld::refuse_writes() {
  if (!faults_) return;
  refusing_ = true;
  faults_->fail_writes(SQLITE_FULL);
}

void SimulatedWorld::heal() {
  if (std::exchange(refusing_, false)) faults_->heal();
}

domain::DeliveryState SimulatedWorld::state_of(DeliveryId delivery) {
  const auto found =
      ask<domain::Delivery>([&](auto done) { check_session_->find_delivery({tenant_, delivery}, std::move(done)); });
  POSTHORN_CHECK(found.has_value());
  return found->state;
}

std::vector<domain::Delivery> SimulatedWorld::all_deliveries() {
  std::vector<domain::Delivery> all;
  store::ListDeliveries query;
  query.tenant = tenant_;
  query.page.limit = 200;
  do {
    auto page = ask<store::Page<domain::Delivery>>([&](auto done) { check_session_->list_deliveries(query, std::move(done)); });
    POSTHORN_CHECK(page.has_value());
    std::move(page->items.begin(), page->items.end(), std::back_inserter(all));
    query.page.cursor = page->next;
  } while (query.page.cursor != 0);
  return all;
}

std::uint64_t SimulatedWorld::pending() {
  const auto count = ask<store::PendingCount>([&](auto done) { check_session_->count_pending(std::move(done)); });
  POSTHORN_CHECK(count.has_value());
  return count->pending;
}

int SimulatedWorld::number_of(EventId event) {
  const auto found =
      ask<store::EventRow>([&](auto done) { check_session_->find_event({tenant_, event, {}}, std::move(done)); });
  return found ? event_number(found->event) : 0;
}

}  // namespace posthorn::outbound
