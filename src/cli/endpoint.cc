#include "cli/endpoint.h"

#include <optional>

#include "base/limits.h"
#include "net/http_server.h"
#include "net/loop.h"

namespace posthorn::cli {
namespace {

constexpr std::size_t kBodyBytesMax = kEventBodyBytesCeiling + 64 * 1024;
constexpr auto kStopGrace = std::chrono::milliseconds(500);

class Service final : public net::HttpService {
 public:
  Service(const Clock& clock, Endpoint::Handler handler) : clock_(clock), handler_(std::move(handler)) {}

  std::size_t body_bytes_max(const net::HttpRequest&) override { return kBodyBytesMax; }

  net::Task<net::HttpResponse> handle(const net::HttpRequest& request) override {
    Arrival arrival;
    arrival.at = clock_.wall_now();
    arrival.steady_at = clock_.steady_now();
    arrival.method = request.method;
    arrival.target = request.target;
    for (const auto& header : request.headers) arrival.headers.push_back({std::string(header.name), std::string(header.value)});
    arrival.body = request.body;
    net::HttpResponse response;
    response.status = handler_(std::move(arrival));
    response.content_type = {};
    co_return response;
  }

  net::HttpResponse refuse(int status, std::string_view detail, const net::HttpRequest*) override {
    net::HttpResponse response;
    response.status = status;
    response.content_type = "text/plain";
    response.body = std::string(detail) + "\n";
    return response;
  }

 private:
  const Clock& clock_;
  Endpoint::Handler handler_;
};

}  // namespace

std::string_view Arrival::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

struct Endpoint::Impl {
  explicit Impl(Handler handler) : service(clock, std::move(handler)), loop("cli-endpoint") {}
  SystemClock clock;
  Service service;
  net::Loop loop;
  std::optional<net::HttpServer> server;
};

Endpoint::Endpoint(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler))) {}

Endpoint::~Endpoint() { stop(); }

Status Endpoint::start(const std::string& host, std::uint16_t port) {
  impl_->loop.start();
  net::HttpServerOptions options;
  options.host = host;
  options.port = port;
  impl_->server.emplace(impl_->loop, impl_->service, impl_->clock, std::move(options));
  auto status = impl_->server->start();
  if (!status) impl_->server.reset();
  return status;
}

std::uint16_t Endpoint::port() const { return impl_->server ? impl_->server->port() : std::uint16_t{0}; }

void Endpoint::stop() {
  if (impl_->server) impl_->server->stop(kStopGrace);
  impl_->server.reset();
  impl_->loop.stop();
}

}  // namespace posthorn::cli
