// An endpoint that comes back after an hour: how the lane leads it back to full speed.
#include <fmt/format.h>

#include <map>

#include "outbound/simulation.h"
#include "outbound/simulation_world.h"

namespace posthorn::outbound {
namespace {

using namespace std::chrono_literals;

constexpr auto kAway = 1h;
constexpr auto kAnswerTime = 5ms;
constexpr auto kDrainTime = 2h;

class ComeBack {
 public:
  ComeBack(std::uint64_t pending, ComeBackOrder order, ComeBackAnswer answer)
      : pending_(pending), answer_(answer), world_(1, {}) {
    domain::SubscriptionSettings settings;
    settings.url = "https://example.com/0";
    settings.topics = {"**"};
    settings.format = domain::Format::raw;
    settings.retry = {std::vector<Milliseconds>(40, 5min), 0.2};
    settings.retry_preset.clear();
    ordered_ = order == ComeBackOrder::fifo;
    if (ordered_) settings.order.mode = domain::Order::Mode::fifo;
    world_.subscribe(std::move(settings));
    world_.network.on_request = [this](PlayedRequest request) { requested(std::move(request)); };
    world_.start();
  }

  ComeBackReport run() {
    const auto step = std::chrono::nanoseconds(kAway) / static_cast<std::int64_t>(pending_);
    for (std::uint64_t i = 1; i <= pending_; ++i) {
      world_.publish(0, fmt::format(R"({{"n":{}}})", i), 1, Milliseconds(0), [](const store::NewEvent&) {});
      world_.loop.advance(step);
    }
    report_.during = requests_;
    well_ = true;
    const Timestamp back = world_.now();
    while (report_.delivered < pending_ && world_.now() - back < kDrainTime) world_.advance(1s);
    world_.advance(2s);
    check();
    return report_;
  }

 private:
  void requested(PlayedRequest request) {
    ++requests_;
    AttemptAnswer answer;
    if (well_) {
      answer.outcome.status = 200;
      if (!first_) first_ = world_.now();
      last_ = world_.now();
      ++seconds_[(*last_ - *first_) / 1000ms];
    } else if (answer_ == ComeBackAnswer::refused) {
      answer.outcome.failure = domain::FailureKind::connect;
    } else {
      answer.outcome.status = 503;
      answer.outcome.failure = domain::FailureKind::status;
    }
    world_.network.answer_later(
        kAnswerTime, std::move(answer), std::move(request), [this](const AttemptAnswer& given, const std::vector<int>& events) {
          if (!given.outcome.succeeded()) return;
          ++report_.delivered;
          if (ordered_ && events.front() != ++expected_) {
            report_.violations.push_back(fmt::format("{} came, {} was expected", events.front(), expected_));
          }
        });
  }

  void check() {
    if (report_.delivered != pending_) {
      report_.violations.push_back(fmt::format("{} of {} were delivered", report_.delivered, pending_));
      return;
    }
    // What was tried during the hour comes when its retry is due, long after the rest; that must not lower the mean.
    std::uint64_t count = 0;
    for (const auto& [second, requests] : seconds_) {
      count += requests;
      report_.seconds = static_cast<std::uint64_t>(second) + 1;
      if (count >= pending_ * 98 / 100) break;
    }
    report_.mean = static_cast<double>(count) / static_cast<double>(report_.seconds);
    for (const auto& [second, requests] : seconds_) report_.most = std::max(report_.most, requests);
    if (static_cast<double>(report_.most) > 3 * report_.mean) {
      report_.violations.push_back(fmt::format("a second carried {}, the mean is {:.1f}", report_.most, report_.mean));
    }
    if (world_.pending() != 0) report_.violations.push_back("some are still pending");
  }

  const std::uint64_t pending_;
  const ComeBackAnswer answer_;
  SimulatedWorld world_;
  ComeBackReport report_;
  bool ordered_ = false;
  bool well_ = false;
  std::uint64_t requests_ = 0;
  int expected_ = 0;
  std::optional<Timestamp> first_;
  std::optional<Timestamp> last_;
  std::map<std::int64_t, std::uint64_t> seconds_;
};

}  // namespace

std::string ComeBackReport::summary() const {
  std::string text = fmt::format(
      "{} delivered, 98 in 100 of them within {} s after the first success: mean {:.1f}/s, fullest second {} ({:.2f} times the "
      "mean); {} attempts while it was away",
      delivered, seconds, mean, most, mean > 0 ? static_cast<double>(most) / mean : 0.0, during);
  for (const auto& one : violations) text += "\n  violation: " + one;
  return text;
}

ComeBackReport simulate_come_back(std::uint64_t pending, ComeBackOrder order, ComeBackAnswer answer) {
  return ComeBack(pending, order, answer).run();
}

}  // namespace posthorn::outbound
