#include "outbound/transforms.h"

#include <algorithm>

#include "base/text.h"

namespace posthorn::outbound {
namespace {

// Calls of people (checks and tries) are a strand of their own in each tenant, which no subscription has.
constexpr std::uint64_t kPeoplesStrand = 0;

std::uint64_t owner_of(TenantKey tenant) { return static_cast<std::uint64_t>(tenant.value); }

script::Limits transform_limits() {
  script::Limits limits;
  limits.time = kTransformTime;
  limits.output_bytes = kTransformOutputBytesMax;
  return limits;
}

net::Task<script::Outcome> ask(script::Runner& runner, EventLoop& loop, TenantKey tenant, script::Task task,
                               std::shared_ptr<const script::Program> program, std::string input) {
  script::Call call;
  call.caller = {owner_of(tenant), kPeoplesStrand};
  call.task = task;
  call.program = std::move(program);
  call.limits = transform_limits();
  call.input = [input = std::move(input)] { return input; };
  call.reply_to = &loop;
  call.start_before = std::chrono::steady_clock::now() + kTransformWaitTime;
  co_return co_await net::until<script::Outcome>([&](auto done) {
    call.done = std::move(done);
    runner.run(std::move(call));
  });
}

}  // namespace

std::shared_ptr<const script::Program> program_of(const domain::Transform& transform) {
  script::Program program;
  switch (transform.language) {
    case domain::Transform::Language::jq:
      program.language = script::Language::jq;
      break;
    case domain::Transform::Language::javascript:
      program.language = script::Language::javascript;
      program.function = domain::kTransformFunction;
      break;
  }
  program.source = transform.code;
  return std::make_shared<const script::Program>(std::move(program));
}

TransformAnswer read_outcome(const script::Outcome& outcome) {
  TransformAnswer answer;
  if (outcome.ending == script::Ending::unavailable) {
    answer.failure = domain::FailureKind::internal;
    answer.detail = "the transform could not be run: " + outcome.message;
    return answer;
  }
  if (!outcome.ok()) {
    answer.failure = domain::FailureKind::transform;
    answer.detail = std::string(script::to_text(outcome.ending)) + ": " + describe(outcome);
    return answer;
  }
  auto transformed = domain::read_transformed(outcome.value);
  if (transformed) {
    answer.transformed = std::move(*transformed);
  } else {
    const Error& error = transformed.error();
    answer.failure = domain::FailureKind::transform;
    answer.detail = "result: " + (error.field.empty() ? "" : error.field + " ") + error.message;
  }
  return answer;
}

std::string with_headers(std::string_view lines, const std::vector<domain::Header>& headers) {
  std::string merged;
  merged.reserve(lines.size() + headers.size() * 64);
  while (!lines.empty()) {
    const auto line = lines.substr(0, std::min(lines.find("\r\n"), lines.size() - 2) + 2);
    lines.remove_prefix(line.size());
    const auto name = line.substr(0, line.find(':'));
    const bool replaced = std::any_of(headers.begin(), headers.end(),
                                      [&](const domain::Header& header) { return equals_ignoring_case(header.name, name); });
    if (!replaced) merged += line;
  }
  for (const auto& header : headers) merged += header.name + ": " + header.value + "\r\n";
  return merged;
}

Transforms::Transforms(EventLoop& loop, script::Runner& runner, std::function<std::string(TenantKey)> tenant_name)
    : loop_(loop), runner_(runner), tenant_name_(std::move(tenant_name)) {}

Transforms::~Transforms() {
  waiting_->stopped = true;
  waiting_->calls.clear();
}

void Transforms::run(const domain::Subscription& subscription, std::shared_ptr<const script::Program> program,
                     domain::EventPtr event, std::shared_ptr<const std::string> body,
                     UniqueFunction<void(TransformAnswer)> done) {
  const std::uint64_t id = next_++;
  waiting_->calls.emplace(id, std::move(done));
  const auto answer = [waiting = waiting_, id](TransformAnswer result) {
    const auto found = waiting->calls.find(id);
    if (found == waiting->calls.end()) return;
    auto call_done = std::move(found->second);
    waiting->calls.erase(found);
    call_done(std::move(result));
  };
  if (waiting_->stopped) {
    return loop_.post([answer] {
      TransformAnswer abandoned;
      abandoned.abandoned = true;
      answer(std::move(abandoned));
    });
  }
  script::Call call;
  call.caller = {owner_of(subscription.tenant), static_cast<std::uint64_t>(subscription.id.key.value)};
  call.program = std::move(program);
  call.limits = transform_limits();
  call.input = [event = std::move(event), body = std::move(body), tenant = tenant_name_(subscription.tenant)] {
    return domain::transform_input(*event, tenant, *body);
  };
  call.reply_to = &loop_;
  call.done = [answer](const script::Outcome& outcome) { answer(read_outcome(outcome)); };
  runner_.run(std::move(call));
}

void Transforms::stop() {
  waiting_->stopped = true;
  auto calls = std::exchange(waiting_->calls, {});
  for (auto& [id, done] : calls) {
    TransformAnswer abandoned;
    abandoned.abandoned = true;
    done(std::move(abandoned));
  }
}

net::Task<Status> check_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant, const domain::Transform& transform,
                                  std::string field) {
  auto program = program_of(transform);
  const auto outcome = co_await ask(runner, loop, tenant, script::Task::check, std::move(program), "null");
  if (outcome.ok()) co_return Status();
  if (outcome.ending == script::Ending::unavailable) {
    co_return unavailable("The script could not be checked: " + outcome.message, "scripts_unavailable");
  }
  co_return invalid(std::move(field), describe(outcome), "invalid_script");
}

net::Task<script::Outcome> try_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant,
                                         const domain::Transform& transform, std::string input) {
  auto program = program_of(transform);
  co_return co_await ask(runner, loop, tenant, script::Task::run, std::move(program), std::move(input));
}

}  // namespace posthorn::outbound
