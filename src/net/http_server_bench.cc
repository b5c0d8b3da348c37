// A server that answers every request with a small fixed body, for measuring the HTTP server alone:
//   http_server_bench 8080 &  wrk -t1 -c16 -d3s http://127.0.0.1:8080/
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "net/http_server.h"

namespace {

using namespace posthorn;
using namespace posthorn::net;

class FixedService final : public HttpService {
 public:
  std::size_t body_bytes_max(const HttpRequest&) override { return kEventBodyBytesMaxDefault; }
  Task<HttpResponse> handle(const HttpRequest&) override {
    HttpResponse response;
    response.body = R"({"ok":true})";
    co_return response;
  }
  HttpResponse refuse(int status, std::string_view detail, const HttpRequest*) override {
    HttpResponse response;
    response.status = status;
    response.body = detail;
    return response;
  }
};

}  // namespace

int main(int count, char** arguments) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const SystemClock clock;
  Loop loop("in");
  FixedService service;
  HttpServerOptions options;
  options.port = static_cast<std::uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0);
  HttpServer server(loop, service, clock, options);
  if (const auto status = server.start(); !status) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }
  loop.start();
  std::printf("http://127.0.0.1:%u/\n", unsigned{server.port()});
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  server.stop(std::chrono::seconds(1));
  loop.stop();
  return 0;
}
