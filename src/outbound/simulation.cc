#include "outbound/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <set>

#include "outbound/simulation_world.h"

namespace posthorn::outbound {
namespace {

using domain::DeliveryState;
using domain::FailureKind;
using namespace std::chrono_literals;

constexpr int kEvents = 60;
constexpr int kSubscriptions = 6;
constexpr std::uint64_t kAnswerMsMax = 40;
constexpr auto kDrainTime = 3h;  // within which everything must be over

// What one endpoint does now.
enum class Mood { well, error, unavailable, refusing, hanging, flaky };

struct Endpoint {
  Mood mood = Mood::well;
  std::size_t out = 0;
  int unreachable_in_row = 0;
  std::optional<Timestamp> last_request;
  double tokens = 0;  // of the rate limit, as the check counts it
  std::optional<Timestamp> tokens_at;
  std::set<int> received;  // events that it has answered well
};

class Run {
 public:
  Run(std::uint64_t seed, const std::string& folder) : random_(seed), world_(seed, folder) {
    world_.network.on_request = [this](PlayedRequest request) { requested(std::move(request)); };
    world_.on_fanned_out = [this](const Work& work) { note_delivery(work.subscription, event_number(*work.event), work.id); };
  }

  SimulationReport run() {
    make_catalogue();
    world_.start();
    while (published_ < kEvents || world_.accepting > 0) {
      act();
      world_.advance(Milliseconds(random_.next() % 20));
    }
    for (int i = 0; i < 40; ++i) {
      act();
      world_.advance(Milliseconds(random_.next() % 500));
    }
    drain();
    check_end();
    report_.deliveries = deliveries_.size();
    return std::move(report_);
  }

 private:
  bool chance(int of_thousand) { return random_.next() % 1000 < static_cast<std::uint64_t>(of_thousand); }
  std::uint64_t below(std::uint64_t bound) { return random_.next() % bound; }
  void violation(std::string text) {
    if (report_.violations.size() < 20) report_.violations.push_back(std::move(text));
  }

  void make_catalogue() {
    if (chance(300)) {
      tenant_limit_ = domain::RateLimit{20.0 + static_cast<double>(below(100)), 1 + static_cast<std::uint32_t>(below(10))};
    }
    world_.tenant_limit = tenant_limit_;
    for (int i = 0; i < kSubscriptions; ++i) {
      domain::SubscriptionSettings settings;
      settings.url = "https://example.com/" + std::to_string(i);
      settings.topics = {"**"};
      settings.format = domain::Format::raw;
      std::vector<Milliseconds> delays;
      for (std::uint64_t n = 1 + below(6); n > 0; --n) delays.emplace_back(Milliseconds(50 + below(5000)));
      settings.retry.delays = std::move(delays);
      settings.retry_preset.clear();
      settings.timeout = 1s;
      const auto order = below(3);
      if (order == 1) settings.order.mode = domain::Order::Mode::fifo;
      if (order == 2) settings.order = {domain::Order::Mode::keyed, "$.data.k", *json::JsonPath::compile("$.data.k", "key")};
      if (chance(300)) {
        settings.rate_limit = domain::RateLimit{5.0 + static_cast<double>(below(60)), 1 + static_cast<std::uint32_t>(below(5))};
      }
      if (chance(300)) settings.concurrency = 1 + static_cast<std::uint32_t>(below(3));
      if (chance(250))
        settings.batching = domain::Batching{2 + static_cast<std::uint32_t>(below(6)), 4096, Milliseconds(below(200))};
      settings.priority = static_cast<domain::Priority>(below(3));
      subscriptions_.push_back(world_.subscribe(std::move(settings)));
      endpoints_.emplace_back();
    }
  }

  // --- what happens ---

  void act() {
    if (published_ < kEvents && chance(600)) publish();
    if (chance(60)) endpoints_[below(endpoints_.size())].mood = static_cast<Mood>(below(6));
    if (chance(80)) endpoints_[below(endpoints_.size())].mood = Mood::well;
    if (chance(12)) crash();
    if (chance(15) && !world_.refusing()) {
      world_.refuse_writes();
      ++report_.refusals;
    } else if (world_.refusing() && chance(200)) {
      world_.heal();
    }
    if (chance(10)) cancel_one();
    if (chance(15)) resend_one();
  }

  void publish() {
    const int number = ++published_;
    const int key = static_cast<int>(below(4));
    keys_[number] = key;
    const std::size_t inline_max = chance(300) ? 1 + below(kSubscriptions) : kSubscriptions;
    const Milliseconds late(chance(500) ? 0 : below(60));
    world_.publish(below(2), fmt::format(R"({{"n":{},"k":{}}})", number, key), inline_max, late,
                   [this, number](const store::NewEvent& accepted) {
                     acknowledged_.insert(number);
                     events_[accepted.event->id.key] = number;
                     for (const auto& delivery : accepted.deliveries) {
                       note_delivery(delivery.subscription.key, number, delivery.id);
                     }
                   });
  }

  void crash() {
    ++report_.crashes;
    world_.crash();
    for (auto& endpoint : endpoints_) {
      endpoint.out = 0;
      endpoint.unreachable_in_row = 0;
      endpoint.tokens_at.reset();
      endpoint.last_request.reset();
    }
    tenant_tokens_at_.reset();
    world_.start();
    // What was committed but not acknowledged counts from now on.
    for (const auto& found : world_.all_deliveries()) {
      const int number = event_number_of(found);
      if (number > 0) note_delivery(found.subscription.key, number, found.id);
    }
  }

  void cancel_one() {
    if (const auto* one = pick()) {
      if (world_.cancel(one->id, one->subscription)) cancelled_.insert(one->id.key);
    }
  }

  void resend_one() {
    if (const auto* one = pick()) {
      // It may go from within the call.
      const bool is_first = resent_.insert(one->id.key).second;
      if (!world_.resend(one->id) && is_first) resent_.erase(one->id.key);
    }
  }

  struct Known {
    DeliveryId id;
    SubscriptionKey subscription;
    int number;
  };

  const Known* pick() {
    if (deliveries_.empty()) return nullptr;
    auto at = deliveries_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(deliveries_.size())));
    return &at->second;
  }

  void note_delivery(SubscriptionKey subscription, int number, DeliveryId id) {
    deliveries_[{subscription, number}] = {id, subscription, number};
  }

  int event_number_of(const domain::Delivery& delivery) {
    const auto known = events_.find(delivery.event.key);
    if (known != events_.end()) return known->second;
    const int number = world_.number_of(delivery.event);
    events_[delivery.event.key] = number;
    return number;
  }

  // --- the network ---

  void requested(PlayedRequest request) {
    ++report_.requests;
    const std::size_t index = request.endpoint;
    Endpoint& endpoint = endpoints_[index];
    const auto& settings = subscriptions_[index]->settings;
    check_limits(endpoint, settings);
    for (std::size_t i = 0; i < request.events.size(); ++i) check_delivery(index, request.events, i);
    ++endpoint.out;
    if (settings.concurrency > 0 && endpoint.out > settings.concurrency) {
      violation(fmt::format("endpoint {}: {} requests at once, {} allowed", index, endpoint.out, settings.concurrency));
    }
    AttemptAnswer answer = answer_of(endpoint);
    Milliseconds after(1 + below(kAnswerMsMax));
    if (answer.outcome.failure == FailureKind::timeout) after = 1s;
    world_.network.answer_later(after, std::move(answer), std::move(request),
                                [this, index](const AttemptAnswer& given, const std::vector<int>& events) {
                                  answered(endpoints_[index], given, events);
                                });
  }

  AttemptAnswer answer_of(const Endpoint& endpoint) {
    AttemptAnswer answer;
    const auto status = [&](int code) {
      answer.outcome.status = code;
      answer.outcome.failure = code < 300 ? FailureKind::none : FailureKind::status;
    };
    Mood mood = endpoint.mood;
    if (mood == Mood::flaky) mood = static_cast<Mood>(below(5));
    switch (mood) {
      case Mood::well:
      case Mood::flaky:
        status(200);
        break;
      case Mood::error:
        status(chance(500) ? 500 : 404);
        break;
      case Mood::unavailable:
        status(chance(500) ? 503 : 429);
        if (chance(300)) answer.outcome.retry_after = std::chrono::seconds(below(5));
        break;
      case Mood::refusing:
        answer.outcome.failure = chance(900) ? FailureKind::connect : FailureKind::disconnected;
        break;
      case Mood::hanging:
        answer.outcome.failure = FailureKind::timeout;
        break;
    }
    return answer;
  }

  void answered(Endpoint& endpoint, const AttemptAnswer& answer, const std::vector<int>& events) {
    --endpoint.out;
    endpoint.unreachable_in_row = domain::is_unreachable(answer.outcome.failure) ? endpoint.unreachable_in_row + 1 : 0;
    if (!answer.outcome.succeeded()) return;
    for (const int number : events) {
      if (!endpoint.received.insert(number).second) ++report_.duplicates;
    }
  }

  // --- the checks ---

  // A second count of the tokens, kept another way than the engine keeps them.
  static bool take_token(const domain::RateLimit& limit, double& tokens, std::optional<Timestamp>& at, Timestamp now) {
    const double capacity = limit.burst + limit.per_second * 0.005;
    if (!at) tokens = capacity;
    if (at) tokens = std::min(capacity, tokens + limit.per_second * std::chrono::duration<double>(now - *at).count());
    at = now;
    tokens -= 1;
    return tokens > -1e-3;
  }

  void check_limits(Endpoint& endpoint, const domain::SubscriptionSettings& settings) {
    const Timestamp now = world_.now();
    if (settings.rate_limit && !take_token(*settings.rate_limit, endpoint.tokens, endpoint.tokens_at, now)) {
      violation(settings.url + ": its rate limit was passed");
    }
    if (tenant_limit_ && !take_token(*tenant_limit_, tenant_tokens_, tenant_tokens_at_, now)) {
      violation("the tenant's rate limit was passed");
    }
    // Requests that were out when the breaker opened may still come; then one a pause.
    const bool open = endpoint.unreachable_in_row >= kBreakerFailures + static_cast<int>(kLaneConcurrencyMax);
    if (open && endpoint.last_request && now - *endpoint.last_request < kBreakerPauseFirst) {
      violation(settings.url + ": hammered although it cannot be reached");
    }
    endpoint.last_request = now;
  }

  void check_delivery(std::size_t index, const std::vector<int>& batch, std::size_t at) {
    const SubscriptionKey subscription = subscriptions_[index]->id.key;
    const int number = batch[at];
    const auto own = deliveries_.find({subscription, number});
    if (own == deliveries_.end()) return violation(fmt::format("endpoint {}: event {} was never accepted", index, number));
    if (world_.state_of(own->second.id) != DeliveryState::pending && !cancelled_.contains(own->second.id.key)) {
      violation(fmt::format("endpoint {}: event {} was over and is sent again", index, number));
    }
    const auto& order = subscriptions_[index]->settings.order;
    if (order.mode == domain::Order::Mode::none || resent_.contains(own->second.id.key)) return;
    // Whatever went before it was not later, unless it went in the same request.
    const int key = order.mode == domain::Order::Mode::keyed ? keys_[number] : -1;
    int& latest = latest_sent_[{index, key}];
    if (number < latest && !subscriptions_[index]->settings.batching) {
      violation(fmt::format("endpoint {}: event {} is sent after {}", index, number, latest));
    }
    latest = std::max(latest, number);
    // The nearest before it that must be over; with it all before that one.
    for (auto before = std::make_reverse_iterator(own); before != deliveries_.rend(); ++before) {
      const Known& other = before->second;
      if (other.subscription != subscription) return;
      if (order.mode == domain::Order::Mode::keyed && keys_[other.number] != keys_[number]) continue;
      if (resent_.contains(other.id.key) || !in_order(other.number, number)) continue;
      if (std::find(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(at), other.number) !=
          batch.begin() + static_cast<std::ptrdiff_t>(at)) {
        return;
      }
      if (world_.state_of(other.id) == DeliveryState::pending) {
        violation(fmt::format("endpoint {}: event {} is sent before {} is over", index, number, other.number));
      }
      return;
    }
  }

  // Events are numbered as they are published, which gives their keys too.
  static bool in_order(int earlier, int later) { return earlier < later; }

  void drain() {
    world_.heal();
    for (auto& endpoint : endpoints_) endpoint.mood = Mood::well;
    const Timestamp begin = world_.now();
    while (world_.pending() > 0 || world_.busy()) {
      if (world_.now() - begin > kDrainTime) {
        violation(fmt::format("{} deliveries are still pending after hours of good health", world_.pending()));
        return;
      }
      world_.advance(1s);
    }
    world_.advance(1s);
    if (world_.runnable() != 0) violation(fmt::format("{} runnable deliveries are counted at the end", world_.runnable()));
  }

  void check_end() {
    report_.events = acknowledged_.size();
    std::map<std::pair<SubscriptionKey, int>, domain::Delivery> found;
    for (auto& delivery : world_.all_deliveries()) found[{delivery.subscription.key, event_number_of(delivery)}] = delivery;
    for (const int number : acknowledged_) {
      for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
        const auto one = found.find({subscriptions_[i]->id.key, number});
        if (one == found.end()) {
          violation(fmt::format("event {} was acknowledged, but endpoint {} has no delivery of it", number, i));
        } else {
          check_outcome(i, number, one->second);
        }
      }
    }
  }

  void check_outcome(std::size_t index, int number, const domain::Delivery& delivery) {
    const std::size_t attempts_max = subscriptions_[index]->settings.retry.delays.size() + 1;
    switch (delivery.state) {
      case DeliveryState::pending:
        return violation(fmt::format("event {} for endpoint {} is still pending", number, index));
      case DeliveryState::succeeded:
        if (!endpoints_[index].received.contains(number)) {
          violation(fmt::format("event {} is said to have reached endpoint {}, which never got it", number, index));
        }
        return;
      case DeliveryState::exhausted:
        if (delivery.attempts - delivery.schedule_start < attempts_max) {
          violation(fmt::format("event {} for endpoint {} was given up after {} attempts", number, index, delivery.attempts));
        }
        return;
      case DeliveryState::cancelled:
        if (!cancelled_.contains(delivery.id.key)) violation(fmt::format("event {} was cancelled by nobody", number));
        return;
    }
  }

  SeededRandom random_;
  SimulatedWorld world_;
  SimulationReport report_;
  std::vector<domain::SubscriptionPtr> subscriptions_;
  std::deque<Endpoint> endpoints_;
  std::optional<domain::RateLimit> tenant_limit_;
  double tenant_tokens_ = 0;
  std::optional<Timestamp> tenant_tokens_at_;
  int published_ = 0;
  std::map<int, int> keys_;         // of the events, by number
  std::set<int> acknowledged_;      // events
  std::map<EventKey, int> events_;  // their numbers
  std::map<std::pair<SubscriptionKey, int>, Known> deliveries_;
  std::map<std::pair<std::size_t, int>, int> latest_sent_;  // by endpoint and order key
  std::set<DeliveryKey> cancelled_;
  std::set<DeliveryKey> resent_;
};

}  // namespace

std::string SimulationReport::summary() const {
  std::string text = fmt::format("{} events, {} deliveries, {} requests, {} crashes, {} refusals, {} duplicates", events,
                                 deliveries, requests, crashes, refusals, duplicates);
  for (const auto& one : violations) text += "\n  violation: " + one;
  return text;
}

SimulationReport simulate(std::uint64_t seed, const std::string& folder) { return Run(seed, folder).run(); }

}  // namespace posthorn::outbound
