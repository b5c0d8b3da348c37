#include "cli/remote_api.h"

#include <boost/json/object.hpp>
#include <charconv>
#include <future>

#include "base/clock.h"
#include "cli/console.h"
#include "json/reader.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;

// Any address: see the header.
net::PeerFilter open_filter() {
  std::vector<net::Network> networks;
  for (const char* text : {"0.0.0.0/0", "::/0"}) networks.push_back(net::Network::parse(text, "peer").value());
  return net::PeerFilter(std::move(networks));
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 400:
      return ErrorKind::malformed;
    case 401:
      return ErrorKind::unauthenticated;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 408:
      return ErrorKind::deadline_exceeded;
    case 409:
      return ErrorKind::conflict;
    case 412:
      return ErrorKind::precondition_failed;
    case 413:
      return ErrorKind::payload_too_large;
    case 429:
    case 502:
    case 503:
    case 504:
      return ErrorKind::unavailable;
    default:
      return status >= 400 && status < 500 ? ErrorKind::invalid_argument : ErrorKind::internal;
  }
}

std::string text_member(const bj::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::string_view words_of(net::SendFailure failure) {
  switch (failure) {
    case net::SendFailure::name:
      return "its name does not resolve";
    case net::SendFailure::blocked:
      return "its address is blocked";
    case net::SendFailure::connect:
      return "nothing answers there";
    case net::SendFailure::tls:
      return "TLS failed";
    case net::SendFailure::timeout:
      return "it did not answer in time";
    case net::SendFailure::disconnected:
      return "it closed the connection";
    case net::SendFailure::protocol:
      return "it does not speak HTTP/1.1";
    case net::SendFailure::too_large:
      return "its answer is too large";
    case net::SendFailure::proxy:
      return "the proxy refused";
    case net::SendFailure::shortage:
      return "this machine has no socket to spare";
  }
  return "the call failed";
}

}  // namespace

std::string_view ApiAnswer::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

Result<ApiAnswer> call(Api& api, ApiRequest request) {
  std::promise<Result<ApiAnswer>> promise;
  auto answer = promise.get_future();
  api.start(std::move(request), [&promise](Result<ApiAnswer> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

Result<bj::value> call_json(Api& api, ApiRequest request) {
  auto answer = call(api, std::move(request));
  if (!answer) return answer.error();
  if (!answer->succeeded()) return error_of(*answer);
  if (answer->body.empty()) return bj::value(nullptr);
  auto value = json::parse(answer->body);
  if (!value) return internal_error("The server's answer is not JSON: " + value.error().message);
  return value;
}

Error error_of(const ApiAnswer& answer) {
  Error error{kind_of(answer.status), "remote", {}, {}, seconds_of(answer.header("retry-after"))};
  std::string title;
  if (const auto problem = json::parse(answer.body); problem && problem->is_object()) {
    const auto& object = problem->get_object();
    title = text_member(object, "title");
    error.message = text_member(object, "detail");
    error.field = text_member(object, "field");
  }
  if (error.message.empty()) error.message = title;
  if (error.message.empty()) error.message = "The server answered " + std::to_string(answer.status) + ".";
  return error;
}

struct RemoteApi::Impl {
  explicit Impl(RemoteSettings given)
      : settings(std::move(given)), loop("cli-http"), client(loop, clock, client_options()), scope(loop) {
    loop.start();
  }

  net::HttpClientOptions client_options() const {
    net::HttpClientOptions options;
    options.filter = open_filter();
    options.ca_file = settings.ca_file;
    options.body_limits = {kAnswerBytesMax, kAnswerBytesMax};
    return options;
  }

  std::string header_lines(const ApiRequest& request) const {
    std::string lines = "Accept: application/json\r\n";
    if (!settings.key.empty()) lines += "Authorization: Bearer " + settings.key + "\r\n";
    if (!request.body.empty()) lines += "Content-Type: application/json\r\n";
    for (const auto& [name, value] : request.headers) lines += name + ": " + value + "\r\n";
    return lines;
  }

  net::Task<void> run(ApiRequest request, UniqueFunction<void(Result<ApiAnswer>)> done) {
    net::Url url = settings.base;
    if (url.target.ends_with('/')) url.target.pop_back();
    url.target += request.path;
    const std::string lines = header_lines(request);
    net::ClientRequest message;
    message.url = &url;
    message.method = request.method;
    message.header_lines = lines;
    message.body = request.body;
    auto sent = co_await client.send(message, clock.steady_now() + request.timeout);
    if (!sent) {
      std::string text = "Cannot reach " + settings.base.origin() + ": " + std::string(words_of(sent.error().kind));
      if (!sent.error().detail.empty()) text += " (" + sent.error().detail + ")";
      done(unavailable(text + "."));
      co_return;
    }
    ApiAnswer answer;
    answer.status = sent->status;
    answer.headers = std::move(sent->headers);
    answer.body = std::move(sent->body);
    done(std::move(answer));
  }

  RemoteSettings settings;
  SystemClock clock;
  net::Loop loop;
  net::HttpClient client;
  net::Scope scope;
};

RemoteApi::RemoteApi(RemoteSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}

RemoteApi::~RemoteApi() {
  net::run_on(impl_->loop, [this]() -> net::Task<void> {
    impl_->client.close();
    return impl_->scope.join();
  });
  impl_->loop.stop();
}

void RemoteApi::start(ApiRequest request, UniqueFunction<void(Result<ApiAnswer>)> done) {
  impl_->loop.post([impl = impl_.get(), request = std::move(request), done = std::move(done)]() mutable {
    impl->scope.spawn(impl->run(std::move(request), std::move(done)));
  });
}

std::string path_segment(std::string_view text) {
  static constexpr std::string_view kUnreserved = "-._~";
  std::string result;
  for (const char c : text) {
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_alphanumeric || kUnreserved.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += "%" + hex_encode({&c, 1});
    }
  }
  return result;
}

std::string query_text(const std::vector<std::pair<std::string_view, std::string>>& members) {
  std::string query;
  for (const auto& [name, value] : members) {
    if (value.empty()) continue;
    query += query.empty() ? "?" : "&";
    query += std::string(name) + "=" + path_segment(value);
  }
  return query;
}

}  // namespace posthorn::cli
