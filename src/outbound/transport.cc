#include "outbound/transport.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;

AttemptAnswer answer_of(EndpointAnswer from, const Clock& clock) {
  AttemptAnswer answer;
  answer.allowed_per_second = from.allowed_per_second;
  answer.detail = std::move(from.detail);
  answer.not_sent = from.not_sent;
  answer.outcome.failure = from.failure;
  if (from.failure != FailureKind::none) return answer;
  auto& response = from.response;
  const bool success = response.status >= 200 && response.status <= 299;
  answer.outcome.status = response.status;
  answer.outcome.failure = success ? FailureKind::none : FailureKind::status;
  if (!success) {
    const std::string cut = answer.detail.empty() ? "" : "; " + answer.detail;
    answer.detail = "the endpoint answered " + std::to_string(response.status) + cut;
    answer.outcome.retry_after = domain::parse_retry_after(response.header("retry-after"), clock.wall_now());
  }
  answer.response = std::move(response.body);
  return answer;
}

}  // namespace

HttpTransport::HttpTransport(net::Loop& loop, EndpointClient& endpoints, const Clock& clock)
    : endpoints_(endpoints), clock_(clock), scope_(loop) {}

void HttpTransport::send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) {
  EndpointRequest request;
  request.url = std::move(attempt.url);
  request.access = std::move(attempt.access);
  request.header_lines = std::move(attempt.header_lines);
  request.body = std::move(attempt.body);
  request.deadline = attempt.deadline;
  if (!EndpointClient::is_plain(request)) return scope_.spawn(run(std::move(request), std::move(done)));
  endpoints_.start(std::move(request),
                   [this, done = std::move(done)](EndpointAnswer answer) mutable { done(judge(std::move(answer))); });
}

net::Task<> HttpTransport::run(EndpointRequest request, UniqueFunction<void(AttemptAnswer)> done) {
  auto answer = co_await endpoints_.send(std::move(request));
  done(judge(std::move(answer)));
}

AttemptAnswer HttpTransport::judge(EndpointAnswer from) const {
  AttemptAnswer answer = answer_of(std::move(from), clock_);
  answer.abandoned = stopping_ && !answer.outcome.succeeded();
  return answer;
}

net::Task<> HttpTransport::stop() {
  stopping_ = true;
  co_await endpoints_.stop();
  co_await scope_.join();
}

}  // namespace posthorn::outbound
