// How long finding an event's subscriptions takes when 100,000 of its topic have predicates and 10 match:
//   subscription_index_bench [SUBSCRIPTIONS [EVENTS]]
// Prints one line for the index (Catalogue::match: parsing, looking up, deciding) and one for its baseline, a scan that
// evaluates every subscription's predicates on the same parsed event.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "domain/outbound/event_document.h"
#include "domain/outbound/predicate_list.h"
#include "json/reader.h"
#include "outbound/catalogue.h"

namespace posthorn::outbound {
namespace {

constexpr std::size_t kMatching = 10;
constexpr TenantKey kTenant{1};
constexpr std::string_view kTopic = "document.created";

std::vector<domain::PredicatePtr> compiled(const std::string& list) {
  return *domain::compile_predicates(json::parse(list)->as_array(), "include", {});
}

// Subscription i wants one kind of document of customer i / kMatching, and no drafts.
domain::Subscription make_subscription(std::size_t i) {
  domain::Subscription subscription;
  subscription.id = {{static_cast<std::int64_t>(i + 1)}, 1};
  subscription.number = static_cast<std::int64_t>(i + 1);
  subscription.tenant = kTenant;
  subscription.settings.topics = {std::string(kTopic)};
  subscription.settings.include = compiled(
      R"([{"all":[{"path":"$.data.kind","op":"eq","value":"image"},{"path":"$.data.customer","op":"eq","value":"customer-)" +
      std::to_string(i / kMatching) + R"("},{"path":"$.data.size","op":"gte","value":100}]}])");
  subscription.settings.exclude = compiled(R"([{"path":"$.data.draft","op":"eq","value":true}])");
  return subscription;
}

domain::Event make_event(std::size_t customer) {
  domain::Event event;
  event.tenant = kTenant;
  event.topic = kTopic;
  event.payload =
      R"({"id":"doc-81723","customer":"customer-)" + std::to_string(customer) +
      R"(","kind":"image","size":48213,"draft":false,"name":"summer campaign, second version.png","tags":["red","blue",
"campaign"],"owner":{"id":1234,"name":"somebody","groups":["editors","reviewers"]},"created":"2026-01-02T03:04:05Z","checksum":
"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","folder":{"id":77,"path":"/campaigns/summer/drafts"}})";
  return event;
}

template <class Find>
void measure(const char* name, std::size_t rounds, std::size_t customers, Find find) {
  std::vector<double> times;
  std::size_t found = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto event = make_event((i * 7919) % customers);
    const auto start = std::chrono::steady_clock::now();
    found += find(event);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  std::printf("%s: median %.1f us, 99th percentile %.1f us, %.1f found for each event\n", name, times[times.size() / 2],
              times[times.size() * 99 / 100], static_cast<double>(found) / static_cast<double>(rounds));
}

std::size_t number(const char* text, std::size_t otherwise) {
  if (text == nullptr) return otherwise;
  const std::string_view view(text);
  std::size_t value = otherwise;
  std::from_chars(view.data(), view.data() + view.size(), value);
  return value;
}

int run(std::size_t subscriptions, std::size_t events) {
  const SystemClock clock;
  IdSource ids(clock, 1, 0, 0);
  const crypto::Sealer sealer({{1, std::string(32, 'k')}});
  Catalogue catalogue(clock, ids, sealer);
  store::Catalogue rows;
  for (std::size_t i = 0; i < subscriptions; ++i) rows.subscriptions.push_back(make_subscription(i));
  const auto scanned = rows.subscriptions;
  if (auto filled = catalogue.fill(std::move(rows)); !filled) return 1;
  const std::size_t customers = std::max<std::size_t>(subscriptions / kMatching, 1);

  measure("index", events, customers, [&](const domain::Event& event) { return catalogue.match(event).size(); });
  measure("scan", std::max<std::size_t>(events / 200, 5), customers, [&](const domain::Event& event) {
    domain::EventDocument document(event, "acme");
    return static_cast<std::size_t>(std::count_if(scanned.begin(), scanned.end(), [&](const domain::Subscription& one) {
      return domain::admits(one.settings, event) && domain::selects(one.settings, document);
    }));
  });
  return 0;
}

}  // namespace
}  // namespace posthorn::outbound

int main(int argc, char** argv) {
  using posthorn::outbound::number;
  return posthorn::outbound::run(number(argc > 1 ? argv[1] : nullptr, 100'000), number(argc > 2 ? argv[2] : nullptr, 5'000));
}
