#include "outbound/transport.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;

AttemptAnswer answer_of(EndpointAnswer from, const Clock& clock) {
  AttemptAnswer answer;
  answer.allowed_per_second = from.allowed_per_second;
  if (from.failure != FailureKind::none) {
    answer.outcome.failure = from.failure;
    answer.detail = std::move(from.detail);
    return answer;
  }
  auto& response = from.response;
  const bool success = response.status >= 200 && response.status <= 299;
  answer.outcome.status = response.status;
  answer.outcome.failure = success ? FailureKind::none : FailureKind::status;
  if (!success) {
    answer.detail = "the endpoint answered " + std::to_string(response.status);
    answer.outcome.retry_after = domain::parse_retry_after(response.header("retry-after"), clock.wall_now());
  }
  answer.response = std::move(response.body);
  return answer;
}

}  // namespace

HttpTransport::HttpTransport(net::Loop& loop, EndpointClient& endpoints, const Clock& clock)
    : endpoints_(endpoints), clock_(clock), scope_(loop) {}

void HttpTransport::send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) {
  scope_.spawn(run(std::move(attempt), std::move(done)));
}

net::Task<> HttpTransport::run(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) {
  EndpointRequest request;
  request.url = std::move(attempt.url);
  request.access = std::move(attempt.access);
  request.header_lines = std::move(attempt.header_lines);
  request.body = std::move(attempt.body);
  request.deadline = attempt.deadline;
  auto result = co_await endpoints_.send(std::move(request));
  AttemptAnswer answer = answer_of(std::move(result), clock_);
  answer.abandoned = stopping_ && !answer.outcome.succeeded();
  done(std::move(answer));
}

net::Task<> HttpTransport::stop() {
  stopping_ = true;
  co_await endpoints_.stop();
  co_await scope_.join();
}

}  // namespace posthorn::outbound
