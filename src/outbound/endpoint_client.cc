#include "outbound/endpoint_client.h"

#include <utility>

namespace posthorn::outbound {
namespace {

using domain::FailureKind;

constexpr int kUnauthorized = 401;
const net::SendError kStopped{net::SendFailure::disconnected, "the server stops"};

std::string token_line(std::string_view token) {
  return token.empty() ? std::string() : "Authorization: Bearer " + std::string(token) + "\r\n";
}

// Its views are into `request` and `lines`, which has the header lines with those of the access.
net::ClientRequest wire_of(const EndpointRequest& request, std::string_view token, std::string& lines) {
  net::ClientRequest wire;
  wire.url = request.url.get();
  wire.header_lines = request.header_lines;
  wire.body = *request.body;
  wire.wants_tls_facts = request.wants_tls_facts;
  if (request.access) {
    wire.identity = request.access->identity;
    lines = request.header_lines + request.access->header_lines + token_line(token);
    wire.header_lines = lines;
  }
  return wire;
}

EndpointAnswer failed(FailureKind kind, std::string detail) {
  EndpointAnswer answer;
  answer.failure = kind;
  answer.detail = std::move(detail);
  return answer;
}

EndpointAnswer not_sent(std::string detail) {
  auto answer = failed(FailureKind::internal, std::move(detail));
  answer.not_sent = true;
  return answer;
}

EndpointAnswer answer_of(net::SendResult result) {
  EndpointAnswer answer;
  if (result) {
    answer.response = std::move(*result);
    return answer;
  }
  auto error = result.error();
  if (error.kind == net::SendFailure::shortage) return not_sent(std::move(error.detail));
  // The status has come, and it decides; the body is only kept for showing.
  if (!error.response) return failed(failure_of(error.kind), std::move(error.detail));
  answer.response = std::move(*error.response);
  answer.detail = "the answer's body is cut: " + error.detail;
  return answer;
}

EndpointAnswer without_token(Error error) {
  if (error.code == kNoSocketForToken) return not_sent(std::move(error.message));
  return failed(FailureKind::authorization, std::move(error.message));
}

}  // namespace

FailureKind failure_of(net::SendFailure failure) {
  switch (failure) {
    case net::SendFailure::name:
      return FailureKind::name;
    case net::SendFailure::blocked:
      return FailureKind::blocked;
    case net::SendFailure::connect:
      return FailureKind::connect;
    case net::SendFailure::tls:
      return FailureKind::tls;
    case net::SendFailure::timeout:
      return FailureKind::timeout;
    case net::SendFailure::disconnected:
      return FailureKind::disconnected;
    case net::SendFailure::protocol:
      return FailureKind::protocol;
    case net::SendFailure::too_large:
      return FailureKind::too_large;
    case net::SendFailure::proxy:
      return FailureKind::proxy;
    case net::SendFailure::shortage:
      return FailureKind::internal;
  }
  return FailureKind::internal;
}

EndpointClient::EndpointClient(net::Loop& loop, net::HttpClient& client, const Clock& clock, std::string handshake_origin)
    : loop_(loop),
      client_(client),
      scope_(loop),
      tokens_(loop, clock,
              [this](const TokenSource& source, SteadyTime deadline, UniqueFunction<void(net::SendResult)> done) {
                if (stopping_) return done(kStopped);
                scope_.spawn(fetch(source.url, source.header_lines, source.body, deadline, std::move(done)));
              }),
      handshakes_(
          loop, clock, std::move(handshake_origin),
          [this](std::shared_ptr<const HandshakeCall> call, SteadyTime deadline, UniqueFunction<void(net::SendResult)> done) {
            if (stopping_) return done(kStopped);
            scope_.spawn(ask(std::move(call), deadline, std::move(done)));
          }) {}

net::Task<EndpointAnswer> EndpointClient::send(EndpointRequest request) {
  std::string token;
  std::optional<double> allowed;
  if (request.access && request.access->token) {
    auto got = co_await token_for(request);
    if (!got) co_return without_token(std::move(got).error());
    token = std::move(*got);
  }
  if (request.access && request.access->handshake) {
    auto agreed = co_await agree(request, token);
    if (agreed.failure == FailureKind::internal) co_return not_sent(std::move(agreed.detail));  // no socket: see failure_of()
    if (agreed.failure != FailureKind::none) co_return failed(agreed.failure, std::move(agreed.detail));
    allowed = agreed.consent.per_second;
  }
  auto result = co_await exchange(request, token);
  EndpointAnswer answer = answer_of(std::move(result));
  const bool stale = !token.empty() && answer.failure == FailureKind::none && answer.response.status == kUnauthorized;
  if (stale && tokens_.refused(*request.access->token, token)) {
    auto fresh = co_await token_for(request);
    if (!fresh) co_return without_token(std::move(fresh).error());
    auto second = co_await exchange(request, *fresh);
    answer = answer_of(std::move(second));
  }
  answer.allowed_per_second = allowed;
  co_return answer;
}

void EndpointClient::start(EndpointRequest request, UniqueFunction<void(EndpointAnswer)> done) {
  auto plain = std::make_unique<Plain>(Plain{std::move(request), {}, std::move(done)});
  const net::ClientRequest wire = wire_of(plain->request, {}, plain->lines);
  const SteadyTime deadline = plain->request.deadline;
  ++plain_running_;
  starting_ = true;
  client_.start(wire, deadline, [this, plain = std::move(plain)](net::SendResult result) mutable {
    if (!starting_) return finish(*plain, std::move(result));
    loop_.post([this, plain = std::move(plain), result = std::move(result)]() mutable { finish(*plain, std::move(result)); });
  });
  starting_ = false;
}

void EndpointClient::finish(Plain& plain, net::SendResult result) {
  plain.done(answer_of(std::move(result)));
  if (--plain_running_ == 0 && plain_ended_) std::exchange(plain_ended_, nullptr)(0);
}

net::Task<net::SendResult> EndpointClient::exchange(const EndpointRequest& request, std::string_view token) {
  std::string lines;
  const net::ClientRequest wire = wire_of(request, token, lines);
  co_return co_await client_.send(wire, request.deadline);
}

net::Task<Result<std::string>> EndpointClient::token_for(const EndpointRequest& request) {
  return net::until<Result<std::string>>(
      [this, &request](auto done) { tokens_.get(*request.access->token, request.deadline, std::move(done)); });
}

net::Task<HandshakeOutcome> EndpointClient::agree(const EndpointRequest& request, std::string_view token) {
  const auto& access = *request.access;
  const std::string lines = access.header_lines + token_line(token);
  co_return co_await net::until<HandshakeOutcome>([&](auto done) {
    handshakes_.agree(*access.handshake, request.url, lines, access.identity, request.deadline, std::move(done));
  });
}

net::Task<> EndpointClient::fetch(net::Url url, std::string header_lines, std::string body, SteadyTime deadline,
                                  UniqueFunction<void(net::SendResult)> done) {
  net::ClientRequest wire;
  wire.url = &url;
  wire.header_lines = header_lines;
  wire.body = body;
  auto result = co_await client_.send(wire, deadline);
  done(std::move(result));
}

net::Task<> EndpointClient::ask(std::shared_ptr<const HandshakeCall> call, SteadyTime deadline,
                                UniqueFunction<void(net::SendResult)> done) {
  net::ClientRequest wire;
  wire.url = call->url.get();
  wire.method = "OPTIONS";
  wire.header_lines = call->header_lines;
  wire.identity = call->identity;
  auto result = co_await client_.send(wire, deadline);
  done(std::move(result));
}

net::Task<> EndpointClient::stop() {
  stopping_ = true;
  client_.close();
  if (plain_running_ > 0) {
    co_await net::until<int>([this](auto done) { plain_ended_ = std::move(done); });
  }
  co_await scope_.join();
}

}  // namespace posthorn::outbound
