#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/send_input.h"
#include "cli/sender.h"
#include "cli/testing_api.h"

namespace posthorn::cli {
namespace {

std::string lines(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) text += R"({"topic":"a","data":)" + std::to_string(i) + "}\n";
  return text;
}

SendState fresh_state(std::uint64_t batch_lines) {
  SendState state;
  state.run = "run-of-the-test";
  state.batch_lines = batch_lines;
  return state;
}

// Reads over what is settled, as the command does.
void skip(LineReader& reader, const SendState& state) {
  for (std::uint64_t reached = 0; reached < state.lines;) {
    const auto batch = reader.next();
    ASSERT_TRUE(batch && *batch);
    reached = (*batch)->last_line;
    ASSERT_LE(reached, state.lines);
  }
}

struct Run {
  Status outcome;
  SendState state;
  SendProgress progress;
  std::vector<SendState> kept;
};

Run send(
    TestingApi& api, const std::string& input, SendState state, std::function<bool()> stop = [] { return false; },
    std::chrono::milliseconds patience = std::chrono::minutes(5)) {
  std::istringstream stream(input);
  LineReader reader(stream, "", state.batch_lines);
  skip(reader, state);
  SystemClock clock;
  Run run{{}, std::move(state), {}, {}};
  Sender sender(api, clock, {"/events", 0, patience},
                {std::move(stop),
                 [&](const SendState& reached) -> Status {
                   run.kept.push_back(reached);
                   return {};
                 },
                 [](const SendProgress&) {}});
  run.outcome = sender.run(reader, run.state);
  run.progress = sender.progress();
  return run;
}

TEST(SendInput, TakesWholeEventsOrDataAlone) {
  EXPECT_EQ(event_of_line(R"({"topic":"a","data":1})", "").value(), R"({"topic":"a","data":1})");
  EXPECT_EQ(event_of_line("[1, 2]", "a.b").value(), R"({"topic":"a.b","data":[1, 2]})");
  EXPECT_EQ(event_of_line("1.000", "a").value(), R"({"topic":"a","data":1.000})");
  for (const char* line : {"", "x", "[]", R"({"topic":"a"})", R"({"data":1})", R"({"topic":"a","data":1)"}) {
    EXPECT_FALSE(event_of_line(line, "")) << line;
  }
  EXPECT_FALSE(event_of_line("{", "a"));
}

TEST(SendInput, CutsTheSameBatchesEveryTime) {
  const std::string input = lines(1, 5) + "\n  \r\n" + "not json\n" + lines(9, 10) + R"({"topic":"a","data":11})";
  const auto read_all = [&] {
    std::istringstream stream(input);
    LineReader reader(stream, "", 4);
    std::vector<Batch> batches;
    while (true) {
      auto batch = reader.next();
      EXPECT_TRUE(batch);
      if (!*batch) return batches;
      batches.push_back(std::move(**batch));
    }
  };
  const auto batches = read_all();
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].first_line, 1u);
  EXPECT_EQ(batches[0].last_line, 4u);
  EXPECT_EQ(batches[1].first_line, 5u);
  ASSERT_EQ(batches[1].lines.size(), 2u);  // two lines are blank
  EXPECT_EQ(batches[1].lines[1].number, 8u);
  EXPECT_EQ(batches[1].lines[1].event, "");
  EXPECT_NE(batches[1].lines[1].problem, "");
  EXPECT_EQ(batches[2].last_line, 11u);
  EXPECT_EQ(batches[2].lines.back().event, R"({"topic":"a","data":11})");
  EXPECT_EQ(batches[2].bytes, input.size());
  const auto again = read_all();
  for (std::size_t i = 0; i < batches.size(); ++i) EXPECT_EQ(again[i].chain, batches[i].chain);
  EXPECT_NE(batches[0].chain, batches[1].chain);
}

TEST(SendState, IsReadAsItWasWritten) {
  const auto file = std::filesystem::temp_directory_path() / ("posthorn-send-" + std::to_string(getpid()));
  SendState state = fresh_state(7);
  state.lines = 14;
  state.accepted = 12;
  state.refused = 2;
  state.chain = std::string(64, 'a');
  state.finished = true;
  ASSERT_TRUE(save_state(file.string(), state));
  EXPECT_EQ(load_state(file.string()).value(), state);
  ASSERT_TRUE(save_state(file.string(), fresh_state(7)));
  EXPECT_EQ(load_state(file.string()).value(), fresh_state(7));
  std::filesystem::remove(file);
  EXPECT_EQ(load_state(file.string()).value(), std::nullopt);
  for (const char* text : {"", "{}", "[]", "{\"format\":2}", "x"}) {
    std::ofstream(file) << text;
    EXPECT_FALSE(load_state(file.string())) << text;
  }
  std::filesystem::remove(file);
}

TEST(Sender, PublishesEveryLineOnceAndNamesTheRefusedOnes) {
  TestingApi api;
  const auto run = send(api, lines(1, 9) + R"({"topic":"refuse","data":10})" + "\nnot json\n" + lines(12, 25), fresh_state(4));
  ASSERT_TRUE(run.outcome);
  EXPECT_EQ(run.progress.accepted, 23u);
  EXPECT_EQ(run.progress.deliveries, 46u);
  EXPECT_EQ(run.progress.refused, 2u);
  ASSERT_EQ(run.progress.problems.size(), 2u);
  EXPECT_EQ(run.progress.problems[0].line, 10u);
  EXPECT_EQ(run.progress.problems[0].text, "topic: is unknown");
  EXPECT_EQ(run.progress.problems[1].line, 11u);
  EXPECT_EQ(api.published.size(), 23u);
  EXPECT_EQ(run.state.lines, 25u);
  EXPECT_EQ(api.requests.size(), 7u);
}

TEST(Sender, SendsABatchAgainUnderTheSameKeyWhenTheServerIsBusy) {
  TestingApi api;
  int calls = 0;
  api.answer = [&](const ApiRequest& request) -> Result<ApiAnswer> {
    ++calls;
    if (calls == 1) return ApiAnswer{503, {{"retry-after", "0"}}, R"({"detail":"busy"})"};
    if (calls == 2) {
      (void)api.accept(request);  // the answer is lost
      return unavailable("disconnected");
    }
    return api.accept(request);
  };
  const auto run = send(api, lines(1, 4), fresh_state(2));
  ASSERT_TRUE(run.outcome);
  EXPECT_EQ(run.progress.accepted, 4u);
  EXPECT_EQ(api.published.size(), 4u);
  EXPECT_EQ(api.conflicts, 0u);
  EXPECT_EQ(calls, 4);
  std::set<std::string> keys;
  for (const auto& request : api.requests) keys.insert(TestingApi::key_of(request));
  EXPECT_EQ(keys, (std::set<std::string>{"run-of-the-test-1", "run-of-the-test-3"}));
}

TEST(Sender, SendsABatchAgainWhenSingleEventsCouldNotBeTaken) {
  TestingApi api;
  int calls = 0;
  api.answer = [&](const ApiRequest& request) -> Result<ApiAnswer> {
    if (++calls > 1) return api.accept(request);
    return ApiAnswer{
        200, {}, R"({"results":[{"status":202,"id":"x","deliveries":2},{"status":503,"problem":{"detail":"full"}}]})"};
  };
  const auto run = send(api, lines(1, 2), fresh_state(2));
  ASSERT_TRUE(run.outcome);
  EXPECT_EQ(run.progress.accepted, 2u);
  EXPECT_EQ(calls, 2);
}

TEST(Sender, EndsWhenThePatienceIsOver) {
  TestingApi api;
  api.answer = [](const ApiRequest&) -> Result<ApiAnswer> { return unavailable("nobody there"); };
  const auto run = send(api, lines(1, 4), fresh_state(2), [] { return false; }, std::chrono::milliseconds(0));
  ASSERT_FALSE(run.outcome);
  EXPECT_EQ(run.outcome.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(run.state.lines, 0u);
}

TEST(Sender, EndsAtOnceWhenTheKeyIsRefused) {
  TestingApi api;
  api.answer = [](const ApiRequest&) -> Result<ApiAnswer> { return ApiAnswer{401, {}, R"({"detail":"who are you"})"}; };
  const auto run = send(api, lines(1, 1000), fresh_state(2));
  ASSERT_FALSE(run.outcome);
  EXPECT_EQ(run.outcome.error().kind, ErrorKind::unauthenticated);
  EXPECT_LE(api.requests.size(), kCallsInFlight);
}

TEST(Sender, GoesOnWhereAnInterruptedRunSettled) {
  const std::string input = lines(1, 103);
  // Stopped after each possible number of calls, and then resumed: together they publish each line once.
  for (std::size_t calls = 0; calls <= 11; ++calls) {
    TestingApi api;
    const auto first = send(api, input, fresh_state(10), [&] { return api.requests.size() >= calls; });
    ASSERT_TRUE(first.outcome);
    const auto second = send(api, input, first.state);
    ASSERT_TRUE(second.outcome);
    EXPECT_EQ(second.state.lines, 103u);
    EXPECT_EQ(second.state.accepted, 103u) << calls;
    EXPECT_EQ(api.published.size(), 103u) << calls;
    EXPECT_EQ(api.conflicts, 0u);
  }
}

TEST(Sender, RepeatsFromAnOlderStateWithoutPublishingTwice) {
  const std::string input = lines(1, 50);
  TestingApi api;
  const auto first = send(api, input, fresh_state(10));
  ASSERT_TRUE(first.outcome);
  ASSERT_FALSE(first.kept.empty());
  // Each state that was ever kept is one from which a crash could make the next run start.
  for (const auto& kept : first.kept) {
    const auto again = send(api, input, kept);
    ASSERT_TRUE(again.outcome);
    EXPECT_EQ(again.state.accepted, 50u);
  }
  EXPECT_EQ(send(api, input, fresh_state(10)).state.accepted, 50u);
  EXPECT_EQ(api.published.size(), 50u);
  EXPECT_EQ(api.conflicts, 0u);
}

TEST(Backoff, GrowsToHalfAMinute) {
  using namespace std::chrono_literals;
  EXPECT_EQ(backoff(1), 500ms);
  EXPECT_EQ(backoff(2), 1000ms);
  EXPECT_EQ(backoff(7), 30'000ms);
  EXPECT_EQ(backoff(4'000'000'000), 30'000ms);
}

}  // namespace
}  // namespace posthorn::cli
