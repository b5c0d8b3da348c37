// Transforms between a played pool and a played network, on a manual loop.
#include "outbound/transforms.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/manual_loop.h"
#include "domain/outbound/format.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;
using script::Ending;

script::Outcome outcome(Ending ending, std::string value, std::string message = "", std::uint32_t line = 0) {
  return {ending, std::move(value), std::move(message), line, 0, {}};
}

class PlayedRunner final : public script::Runner {
 public:
  void run(script::Call call) override { held.push_back(std::move(call)); }
  void answer(script::Outcome result) {
    script::Call call = std::move(held.front());
    held.pop_front();
    call.reply_to->post([done = std::move(call.done), result = std::move(result)]() mutable { done(std::move(result)); });
  }
  std::deque<script::Call> held;
};

class PlayedNetwork final : public Transport {
 public:
  void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) override {
    sent.push_back(std::move(attempt));
    answers.push_back(std::move(done));
  }
  std::vector<OutgoingAttempt> sent;
  std::vector<UniqueFunction<void(AttemptAnswer)>> answers;
};

class TransformsTest : public testing::Test {
 protected:
  OutgoingAttempt attempt(bool scripted) {
    auto subscription = std::make_shared<domain::Subscription>();
    subscription->id.key = SubscriptionKey{7};
    subscription->tenant = TenantKey{3};
    subscription->settings.timeout = 5s;
    subscription->settings.transform = domain::Transform{domain::Transform::Language::javascript, "code"};
    auto event = std::make_shared<domain::Event>();
    event->topic = "a.b";
    event->payload = R"({"n":1})";
    OutgoingAttempt made;
    made.header_lines = "Content-Type: application/json\r\nX-Own: 1\r\n";
    made.body = std::make_shared<const std::string>(R"({"rendered":true})");
    made.deadline = clock_.steady_now() + 5s;
    if (scripted) {
      made.script = std::make_unique<ScriptedBody>();
      made.script->subscription = subscription;
      made.script->program = program_of(*subscription->settings.transform);
      made.script->event = event;
      made.script->tenant = "acme";
      made.script->finish = [body = made.body](std::optional<std::string> payload, std::string& lines) {
        auto complete = payload ? std::make_shared<const std::string>(std::move(*payload)) : body;
        lines += "signed: " + *complete + "\r\n";
        return complete;
      };
    }
    return made;
  }

  void send(bool scripted = true) {
    transforms_->send(attempt(scripted), [this](AttemptAnswer answer) { answers_.push_back(std::move(answer)); });
  }

  // What becomes of an attempt whose script ends so.
  AttemptAnswer answer_of(script::Outcome result) {
    answers_.clear();
    send();
    runner_.answer(std::move(result));
    loop_.run_ready();
    EXPECT_EQ(answers_.size(), 1U);
    return answers_.empty() ? AttemptAnswer() : answers_.back();
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  PlayedRunner runner_;
  PlayedNetwork network_;
  std::vector<AttemptAnswer> answers_;
  std::unique_ptr<Transforms> transforms_ = std::make_unique<Transforms>(loop_, runner_, network_, clock_, std::size_t{1000});
};

TEST_F(TransformsTest, LetsAttemptsWithoutAScriptPass) {
  send(false);
  ASSERT_EQ(network_.sent.size(), 1U);
  EXPECT_EQ(*network_.sent[0].body, R"({"rendered":true})");
  EXPECT_TRUE(runner_.held.empty());
}

TEST_F(TransformsTest, GivesTheScriptTheEventInItsTenantsTurn) {
  send();
  ASSERT_EQ(runner_.held.size(), 1U);
  script::Call& call = runner_.held[0];
  EXPECT_EQ(call.caller, (script::Caller{3, 7}));
  EXPECT_EQ(call.program->language, script::Language::javascript);
  EXPECT_EQ(call.program->function, "transform");
  EXPECT_EQ(call.program->source, "code");
  EXPECT_EQ(call.limits.time, kTransformTime);
  EXPECT_EQ(call.limits.output_bytes, 1000 + kTransformEnvelopeBytesMax);
  const std::string input = call.input();
  EXPECT_NE(input.find(R"("tenant":"acme")"), std::string::npos) << input;
  EXPECT_NE(input.find(R"("payload":{"rendered":true}})"), std::string::npos) << input;
}

TEST_F(TransformsTest, SendsAndSignsWhatTheScriptReturned) {
  send();
  clock_.advance(2s);
  runner_.answer(outcome(Ending::ok, R"({"payload":{"a":1},"headers":{"x-own":"2","X-More":"3"}})"));
  loop_.run_ready();
  ASSERT_EQ(network_.sent.size(), 1U);
  const OutgoingAttempt& sent = network_.sent[0];
  EXPECT_EQ(*sent.body, R"({"a":1})");
  EXPECT_EQ(sent.header_lines, "Content-Type: application/json\r\nx-own: 2\r\nX-More: 3\r\nsigned: {\"a\":1}\r\n");
  // The script's time is not taken from the request's.
  EXPECT_EQ(sent.deadline, clock_.steady_now() + 5s);
  EXPECT_EQ(sent.script, nullptr);
  network_.answers[0](AttemptAnswer{});
  EXPECT_EQ(answers_.size(), 1U);
}

TEST_F(TransformsTest, KeepsTheBodyThatTheScriptDoesNotReplace) {
  send();
  runner_.answer(outcome(Ending::ok, R"({"headers":{}})"));
  loop_.run_ready();
  ASSERT_EQ(network_.sent.size(), 1U);
  EXPECT_EQ(*network_.sent[0].body, R"({"rendered":true})");
}

TEST_F(TransformsTest, EndsAnAttemptWhoseScriptFails) {
  struct Case {
    script::Outcome outcome;
    FailureKind failure;
    std::string detail;
  };
  const Case table[] = {
      {outcome(Ending::timeout, "", "ran longer than its time"), FailureKind::transform, "timeout: ran longer than its time"},
      {outcome(Ending::memory, "", "too much"), FailureKind::transform, "memory: too much"},
      {outcome(Ending::runtime, "", "TypeError: x", 3), FailureKind::transform, "runtime: line 3: TypeError: x"},
      {outcome(Ending::syntax, "", "bad"), FailureKind::transform, "syntax: bad"},
      {outcome(Ending::crashed, "", "gone"), FailureKind::transform, "crashed: gone"},
      {outcome(Ending::output_too_large, "", "long"), FailureKind::transform, "output_too_large: long"},
      {outcome(Ending::unavailable, "", "no helper"), FailureKind::internal, "the transform could not be run: no helper"},
      {outcome(Ending::ok, R"({"cancel":1})"), FailureKind::transform, "result: cancel must be true or false"},
      {outcome(Ending::ok, R"({"headers":{"host":"x"}})"), FailureKind::transform,
       "result: headers/host is a header that the server sets itself"},
  };
  for (const auto& one : table) {
    const AttemptAnswer answer = answer_of(one.outcome);
    EXPECT_EQ(answer.outcome.failure, one.failure) << one.detail;
    EXPECT_EQ(answer.detail, one.detail);
    EXPECT_FALSE(answer.cancelled || answer.abandoned);
  }
  EXPECT_TRUE(network_.sent.empty());
}

TEST_F(TransformsTest, EndsADeliveryThatTheScriptCancels) {
  const AttemptAnswer answer = answer_of(outcome(Ending::ok, R"({"cancel":true})"));
  EXPECT_TRUE(answer.cancelled);
  EXPECT_TRUE(answer.outcome.succeeded());
  EXPECT_FALSE(answer.detail.empty());
  EXPECT_TRUE(network_.sent.empty());
}

TEST_F(TransformsTest, AbandonsWhatWaitsWhenItStops) {
  send();
  send();
  transforms_->stop();
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_TRUE(answers_[0].abandoned && answers_[1].abandoned);
  send();
  EXPECT_EQ(answers_.size(), 2U) << "never from within send()";
  loop_.run_ready();
  EXPECT_EQ(answers_.size(), 3U);
  runner_.answer(outcome(Ending::ok, R"({"payload":1})"));
  loop_.run_ready();
  EXPECT_EQ(answers_.size(), 3U);
  EXPECT_TRUE(network_.sent.empty());
}

TEST_F(TransformsTest, DropsResultsThatComeAfterItIsGone) {
  send();
  transforms_.reset();
  runner_.answer(outcome(Ending::ok, R"({"payload":1})"));
  loop_.run_ready();
  EXPECT_TRUE(network_.sent.empty());
  EXPECT_TRUE(answers_.empty());
}

// A subscription of this format and what one attempt of it needs, completed for a script's payload.
std::string finished(domain::Format format, std::vector<domain::SignatureScheme> signatures,
                     std::optional<std::string> payload) {
  auto subscription = std::make_shared<domain::Subscription>();
  subscription->settings.url = "https://example.com/";
  subscription->settings.format = format;
  subscription->settings.signatures = std::move(signatures);
  subscription->settings.transform = domain::Transform{domain::Transform::Language::jq, "."};
  domain::SubscriptionSecrets secrets;
  secrets.current = "a secret of sixteen";
  const auto prepared = prepare(subscription, secrets, "acme");
  EXPECT_TRUE(prepared);
  auto event = std::make_shared<domain::Event>();
  event->topic = "a.b";
  event->payload = R"({"n":1})";
  const auto rendered = std::make_shared<const domain::Rendered>(domain::render(format, *event, "acme"));
  EXPECT_EQ(rendered->body.find("a secret"), std::string::npos);
  std::string lines;
  const auto body = script_of(*prepared, rendered, event, Timestamp())->finish(std::move(payload), lines);
  EXPECT_NE(lines.find("webhook-id"), std::string::npos) << lines;
  return *body;
}

TEST(ScriptedBodies, HaveTheSecretWhereTheirFormatHasItsPlace) {
  using domain::Format;
  using domain::SignatureScheme;
  EXPECT_EQ(finished(Format::raw, {SignatureScheme::v1}, R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(finished(Format::raw, {SignatureScheme::v1}, std::nullopt), R"({"n":1})");
  EXPECT_EQ(finished(Format::orchestry, {SignatureScheme::secret}, std::nullopt),
            R"({"n":1,"Secret":"a secret of sixteen","secret":"a secret of sixteen"})");
  EXPECT_EQ(finished(Format::orchestry, {SignatureScheme::secret}, R"({"a":1,"Secret":"x"})"),
            R"({"a":1,"Secret":"a secret of sixteen","secret":"a secret of sixteen"})");
  EXPECT_EQ(finished(Format::orchestry, {SignatureScheme::v1}, R"({"a":1})"), R"({"a":1})");
}

TEST(HeaderLines, AreReplacedByName) {
  const std::string lines = "A: 1\r\nB: 2\r\nC: 3\r\n";
  EXPECT_EQ(with_headers(lines, {}), lines);
  EXPECT_EQ(with_headers(lines, {{"b", "x"}}), "A: 1\r\nC: 3\r\nb: x\r\n");
  EXPECT_EQ(with_headers(lines, {{"D", ""}, {"a", "y"}}), "B: 2\r\nC: 3\r\nD: \r\na: y\r\n");
  EXPECT_EQ(with_headers("", {{"a", "b"}}), "a: b\r\n");
}

}  // namespace
}  // namespace posthorn::outbound
