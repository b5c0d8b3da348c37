#include "outbound/transforms.h"

#include <algorithm>

#include "base/text.h"
#include "domain/outbound/format.h"

namespace posthorn::outbound {
namespace {

// Calls of people (checks and tries) are a strand of their own in each tenant, which no subscription has.
constexpr std::uint64_t kPeoplesStrand = 0;

std::uint64_t owner_of(TenantKey tenant) { return static_cast<std::uint64_t>(tenant.value); }

script::Limits limits_for(std::size_t body_bytes_max) {
  script::Limits limits;
  limits.time = kTransformTime;
  limits.output_bytes = std::min(body_bytes_max + kTransformEnvelopeBytesMax, kScriptOutputBytesMax);
  return limits;
}

net::Task<script::Outcome> ask(script::Runner& runner, EventLoop& loop, TenantKey tenant, script::Task task,
                               std::shared_ptr<const script::Program> program, std::string input, std::size_t body_bytes_max) {
  script::Call call;
  call.caller = {owner_of(tenant), kPeoplesStrand};
  call.task = task;
  call.program = std::move(program);
  call.limits = limits_for(body_bytes_max);
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

std::unique_ptr<ScriptedBody> script_of(const Prepared& prepared, const RenderedPtr& rendered, const domain::EventPtr& event,
                                        Timestamp wall_now) {
  auto script = std::make_unique<ScriptedBody>();
  script->subscription = prepared.subscription;
  script->program = prepared.program;
  script->event = event;
  script->tenant = prepared.tenant;
  script->finish = [signer = prepared.signer, format = prepared.subscription->settings.format, tenant = prepared.tenant,
                    rendered, event, wall_now](std::optional<std::string> payload, std::string& header_lines) {
    auto body = body_for(*signer, rendered, wall_now);
    if (payload && rendered->secret_at) {
      // The format puts the secret among the payload's own members.
      domain::Event changed = *event;
      changed.payload = std::move(*payload);
      body = body_for(*signer, std::make_shared<const domain::Rendered>(domain::render(format, changed, tenant)), wall_now);
    } else if (payload) {
      body = std::make_shared<const std::string>(std::move(*payload));
    }
    signer->append_headers(header_lines, public_event_id(*event), wall_now, *body);
    return body;
  };
  return script;
}

TransformOutcome read_outcome(const script::Outcome& outcome) {
  const auto failed = [](domain::FailureKind kind, std::string detail) {
    TransformOutcome made;
    made.answer.emplace();
    made.answer->outcome.failure = kind;
    made.answer->detail = std::move(detail);
    return made;
  };
  if (outcome.ending == script::Ending::unavailable) {
    return failed(domain::FailureKind::internal, "the transform could not be run: " + outcome.message);
  }
  if (!outcome.ok()) {
    return failed(domain::FailureKind::transform, std::string(script::to_text(outcome.ending)) + ": " + describe(outcome));
  }
  auto transformed = domain::read_transformed(outcome.value);
  if (!transformed) {
    const Error& error = transformed.error();
    return failed(domain::FailureKind::transform,
                  "result: " + (error.field.empty() ? std::string() : error.field + " ") + error.message);
  }
  TransformOutcome made{std::move(*transformed), std::nullopt};
  if (made.transformed.cancel) {
    made.answer.emplace();
    made.answer->cancelled = true;
    made.answer->detail = "cancelled by the subscription's transform";
  }
  return made;
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

std::shared_ptr<const std::string> complete(ScriptedBody& script, domain::Transformed transformed, std::string& header_lines) {
  if (!transformed.headers.empty()) header_lines = with_headers(header_lines, transformed.headers);
  return script.finish(std::move(transformed.payload), header_lines);
}

Transforms::Transforms(EventLoop& loop, script::Runner& runner, Transport& next, const Clock& clock, std::size_t body_bytes_max)
    : loop_(loop), runner_(runner), next_(next), clock_(clock), body_bytes_max_(body_bytes_max) {}

Transforms::~Transforms() = default;

void Transforms::send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) {
  if (!attempt.script) return next_.send(std::move(attempt), std::move(done));
  const std::uint64_t id = next_id_++;
  const ScriptedBody& script = *attempt.script;
  script::Call call;
  call.caller = {owner_of(script.subscription->tenant), static_cast<std::uint64_t>(script.subscription->id.key.value)};
  call.program = script.program;
  call.limits = limits_for(body_bytes_max_);
  call.input = [event = script.event, body = attempt.body, tenant = script.tenant] {
    return domain::transform_input(*event, tenant, *body);
  };
  call.reply_to = &loop_;
  call.done = [weak = std::weak_ptr(self_), id](const script::Outcome& outcome) {
    if (const auto self = weak.lock()) (*self)->finish(id, outcome);
  };
  waiting_.emplace(id, Waiting{std::move(attempt), std::move(done)});
  if (stopped_) {
    return loop_.post([weak = std::weak_ptr(self_)] {
      if (const auto self = weak.lock()) (*self)->stop();
    });
  }
  runner_.run(std::move(call));
}

void Transforms::finish(std::uint64_t id, const script::Outcome& outcome) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  TransformOutcome result = read_outcome(outcome);
  if (result.answer) return waiting.done(std::move(*result.answer));

  OutgoingAttempt& attempt = waiting.attempt;
  const auto script = std::move(attempt.script);
  attempt.body = complete(*script, std::move(result.transformed), attempt.header_lines);
  attempt.deadline = clock_.steady_now() + script->subscription->settings.timeout;
  next_.send(std::move(attempt), std::move(waiting.done));
}

void Transforms::stop() {
  stopped_ = true;
  for (auto& [id, waiting] : std::exchange(waiting_, {})) {
    AttemptAnswer abandoned;
    abandoned.abandoned = true;
    waiting.done(std::move(abandoned));
  }
}

net::Task<Status> check_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant, const domain::Transform& transform,
                                  std::string field) {
  auto program = program_of(transform);
  const auto outcome = co_await ask(runner, loop, tenant, script::Task::check, std::move(program), "null", 0);
  if (outcome.ok()) co_return Status();
  if (outcome.ending == script::Ending::unavailable) {
    co_return unavailable("The script could not be checked: " + outcome.message, "scripts_unavailable");
  }
  co_return invalid(std::move(field), describe(outcome), "invalid_script");
}

net::Task<TransformOutcome> run_script(script::Runner& runner, EventLoop& loop, const ScriptedBody& script,
                                       const std::string& body, std::size_t body_bytes_max) {
  std::string input = domain::transform_input(*script.event, script.tenant, body);
  const auto outcome = co_await ask(runner, loop, script.subscription->tenant, script::Task::run, script.program,
                                    std::move(input), body_bytes_max);
  co_return read_outcome(outcome);
}

net::Task<script::Outcome> try_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant,
                                         const domain::Transform& transform, std::string input, std::size_t body_bytes_max) {
  auto program = program_of(transform);
  co_return co_await ask(runner, loop, tenant, script::Task::run, std::move(program), std::move(input), body_bytes_max);
}

}  // namespace posthorn::outbound
