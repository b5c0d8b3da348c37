#include "outbound/transport.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;

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
  }
  return FailureKind::internal;
}

AttemptAnswer answer_of(net::SendResult result, const Clock& clock) {
  AttemptAnswer answer;
  if (!result) {
    answer.outcome.failure = failure_of(result.error().kind);
    answer.detail = std::move(result.error().detail);
    return answer;
  }
  const bool success = result->status >= 200 && result->status <= 299;
  answer.outcome.status = result->status;
  answer.outcome.failure = success ? FailureKind::none : FailureKind::status;
  if (!success) {
    answer.detail = "the endpoint answered " + std::to_string(result->status);
    answer.outcome.retry_after = domain::parse_retry_after(result->header("retry-after"), clock.wall_now());
  }
  answer.response = std::move(result->body);
  return answer;
}

}  // namespace

HttpTransport::HttpTransport(net::Loop& loop, net::HttpClient& client, const Clock& clock)
    : client_(client), clock_(clock), scope_(loop) {}

void HttpTransport::send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) {
  scope_.spawn(run(std::move(attempt), std::move(done)));
}

net::Task<> HttpTransport::run(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) {
  net::ClientRequest request;
  request.url = attempt.url.get();
  request.header_lines = attempt.header_lines;
  request.body = *attempt.body;
  auto result = co_await client_.send(request, attempt.deadline);
  AttemptAnswer answer = answer_of(std::move(result), clock_);
  answer.abandoned = stopping_ && !answer.outcome.succeeded();
  done(std::move(answer));
}

net::Task<> HttpTransport::stop() {
  stopping_ = true;
  client_.close();
  co_await scope_.join();
}

}  // namespace posthorn::outbound
