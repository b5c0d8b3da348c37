#include "app/space_wait.h"

#include <sys/statvfs.h>

#include <filesystem>
#include <limits>

#include "api/kit/json_writer.h"
#include "net/http_server.h"
#include "net/loop.h"

namespace posthorn::app {
namespace {

class WaitingService final : public net::HttpService {
 public:
  explicit WaitingService(const std::string& reason) {
    api::JsonWriter(body_).begin_object().string("status", "unavailable").string("reason", reason).end_object();
  }

  std::size_t body_bytes_max(const net::HttpRequest&) override { return kBatchBodyBytesMax; }

  net::Task<net::HttpResponse> handle(const net::HttpRequest& request) override {
    if (request.path == "/health/live") {
      net::HttpResponse response;
      response.body = R"({"status":"live"})";
      co_return response;
    }
    co_return unavailable_answer();
  }

  net::HttpResponse refuse(int, std::string_view, const net::HttpRequest*) override { return unavailable_answer(); }

 private:
  net::HttpResponse unavailable_answer() const {
    net::HttpResponse response;
    response.status = 503;
    response.headers.push_back({"Retry-After", "2"});
    response.body = body_;
    response.close = true;  // the next one is for the server itself
    return response;
  }

  std::string body_;
};

}  // namespace

bool waits_for_space(const Error& failure, std::uint64_t free_bytes) {
  const bool may_be_the_disk = failure.kind == ErrorKind::unavailable || failure.kind == ErrorKind::internal;
  return may_be_the_disk && free_bytes < kStartFreeBytes;
}

std::uint64_t free_bytes_of(const std::string& data_dir) {
  std::error_code error;
  auto folder = std::filesystem::absolute(data_dir, error);
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  struct statvfs status{};
  if (::statvfs(folder.c_str(), &status) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

struct SpaceWait::Listening {
  Listening(const Config& config, const std::string& reason) : loop("waiting"), service(reason) {
    loop.start();
    net::HttpServerOptions options;
    options.host = config.listen_host;
    options.port = config.listen_port;
    options.tls = {config.tls_certificate_file, config.tls_key_file};
    server = std::make_unique<net::HttpServer>(loop, service, clock, std::move(options));
    static_cast<void>(server->start());
  }
  ~Listening() {
    server->stop(Milliseconds(0));
    server.reset();
    loop.stop();
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  SystemClock clock;
  net::Loop loop;
  WaitingService service;
  std::unique_ptr<net::HttpServer> server;
};

SpaceWait::SpaceWait(const Config& config) : config_(config) {}
SpaceWait::~SpaceWait() = default;

void SpaceWait::listen(const std::string& reason) {
  close();
  if (config_.listen_port != 0) listening_ = std::make_unique<Listening>(config_, reason);
}

void SpaceWait::close() { listening_.reset(); }

}  // namespace posthorn::app
