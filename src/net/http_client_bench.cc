// How many exchanges a second one loop's HttpClient carries:
//   http_client_bench URL [CONNECTIONS [SECONDS]]     (16 connections, 5 s)
// POSTs of 512 bytes to URL, which should be a trivial endpoint in another process. The baseline is wrk on the same endpoint:
//   wrk -t1 -c16 -d5 -s bench/post.lua URL
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <vector>

#include "net/http_client.h"
#include "net/url.h"

namespace posthorn::net {
namespace {

struct Run {
  HttpClient& client;
  const Url& url;
  const std::string body;
  const SteadyTime end;
  std::size_t exchanges = 0;
  std::size_t failures = 0;
  std::vector<std::chrono::nanoseconds> times = {};
};

constexpr std::string_view kHeaderLines =
    "Content-Type: application/json\r\nUser-Agent: Posthorn/bench\r\nwebhook-id: msg_2Kk5LqG9mR0Zq0vYw7\r\nwebhook-timestamp: "
    "1700000000\r\n"
    "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=\r\n";

Task<void> keep_sending(Run& run) {
  const ClientRequest request{&run.url, "POST", kHeaderLines, run.body};
  for (auto now = std::chrono::steady_clock::now(); now < run.end;) {
    const auto result = co_await run.client.send(request, now + std::chrono::seconds(15));
    const auto after = std::chrono::steady_clock::now();
    if (result && result->status / 100 == 2) {
      ++run.exchanges;
    } else {
      ++run.failures;
    }
    if (run.exchanges % 16 == 0) run.times.push_back(after - now);
    now = after;
  }
}

Task<void> run_all(Loop& loop, Run& run, int connections) {
  Scope scope(loop);
  for (int i = 0; i < connections; ++i) scope.spawn(keep_sending(run));
  while (scope.running() > 0) co_await sleep_until(loop, std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
  co_await scope.join();
  run.client.close();
}

int number(const char* text, int otherwise) {
  if (text == nullptr) return otherwise;
  const std::string_view view(text);
  int value = otherwise;
  std::from_chars(view.data(), view.data() + view.size(), value);
  return value;
}

int measure(const char* target, int connections, int seconds) {
  const auto url = parse_url(target, "URL");
  if (!url) {
    std::fprintf(stderr, "%s\n", url.error().message.c_str());
    return 2;
  }
  const SystemClock clock;
  Loop loop("bench");
  loop.start();
  HttpClientOptions options;
  options.filter = PeerFilter({Network::parse("127.0.0.0/8", "").value(), Network::parse("::1", "").value()});
  HttpClient client(loop, clock, options);
  Run run{client, *url, std::string(512, 'x'), std::chrono::steady_clock::now() + std::chrono::seconds(seconds)};
  run_on(loop, [&] { return run_all(loop, run, connections); });
  loop.stop();
  std::sort(run.times.begin(), run.times.end());
  const auto at = [&](double part) {
    if (run.times.empty()) return 0.0;
    const auto place = static_cast<std::size_t>(part * static_cast<double>(run.times.size() - 1));
    return static_cast<double>(run.times[place].count()) / 1e3;
  };
  std::printf("%zu exchanges, %zu failures, %.0f/s, p50 %.0f us, p99 %.0f us\n", run.exchanges, run.failures,
              static_cast<double>(run.exchanges) / seconds, at(0.5), at(0.99));
  return run.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace posthorn::net

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: http_client_bench URL [CONNECTIONS [SECONDS]]\n");
    return 2;
  }
  return posthorn::net::measure(argv[1], posthorn::net::number(argc > 2 ? argv[2] : nullptr, 16),
                                posthorn::net::number(argc > 3 ? argv[3] : nullptr, 5));
}
