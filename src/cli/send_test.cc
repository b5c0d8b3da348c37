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

// Text in pieces; between two of them there is nothing for as long as a test likes.
class TextSource final : public LineSource {
 public:
  explicit TextSource(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  explicit TextSource(std::string text) : TextSource(std::vector<std::string>{std::move(text)}) {}

  std::function<bool()> may_go_on = [] { return true; };

  Result<std::optional<std::string>> read(std::size_t bytes_max) override {
    if (is_between_ && !may_go_on()) return std::optional<std::string>();
    if (at_ == pieces_.size()) return std::optional(std::string());
    std::string& piece = pieces_[at_];
    std::string bytes = piece.substr(0, bytes_max);
    piece.erase(0, bytes.size());
    is_between_ = piece.empty();
    if (is_between_) ++at_;
    return std::optional(std::move(bytes));
  }
  void wait(std::chrono::milliseconds) override {}

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
  bool is_between_ = false;
};

struct Run {
  Status outcome;
  SendState state;
  SendProgress progress;
  std::vector<SendState> kept;
};

Run send(
    TestingApi& api, const std::string& input, SendState state, std::function<bool()> stop = [] { return false; },
    std::chrono::milliseconds patience = std::chrono::minutes(5)) {
  TextSource source(input);
  LineReader reader(source, "", state.batch_lines);
  EXPECT_EQ(reader.skip(state.lines, [] { return false; }).value(), state.lines);
  EXPECT_TRUE(state.lines == 0 || reader.chain() == state.chain);
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
    TextSource source(input);
    LineReader reader(source, "", 4);
    std::vector<Batch> batches;
    while (true) {
      auto next = reader.next();
      EXPECT_TRUE(next);
      if (!next || next->state != LineReader::State::batch) return batches;
      batches.push_back(std::move(next->batch));
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

TEST(SendState, IsGoodForOneServerTenantAndTopic) {
  const SendTarget target{"http://a/", "t1", ""};
  SendState state = fresh_state(7);
  EXPECT_TRUE(check_target(state, target, "f"));  // of a version that did not keep it
  state.target = target;
  EXPECT_EQ(decode_state(encode_state(state)).value().target, target);
  EXPECT_TRUE(check_target(state, target, "f"));
  for (const auto& [other, word] : {std::pair{SendTarget{"http://b/", "t1", ""}, "server (http://a/, not http://b/)"},
                                    {SendTarget{"http://a/", "t2", ""}, "tenant (t1, not t2)"},
                                    {SendTarget{"http://a/", "t1", "x"}, "topic (of each line, not x)"}}) {
    const auto status = check_target(state, other, "f");
    ASSERT_FALSE(status) << word;
    EXPECT_NE(status.error().message.find(word), std::string::npos) << status.error().message;
  }
}

TEST(Sender, GoesOnWithLinesThatWereAppended) {
  TestingApi api;
  const auto first = send(api, lines(1, 25), fresh_state(10));
  ASSERT_TRUE(first.outcome);
  const auto second = send(api, lines(1, 47), first.state);
  ASSERT_TRUE(second.outcome);
  EXPECT_EQ(second.state.lines, 47u);
  EXPECT_EQ(second.progress.accepted, 22u);
  EXPECT_EQ(api.published.size(), 47u);
  // A last batch that was accepted but not settled before the lines were appended.
  EXPECT_EQ(send(api, lines(1, 47), first.kept.front()).state.accepted, 47u);
  EXPECT_EQ(api.published.size(), 47u);
}

TEST(SendInput, IsNotTheSameWhenALineDiffersOrIsMissing) {
  const auto chain_after_skipping = [](const std::string& text, std::uint64_t count) {
    TextSource source(text);
    LineReader reader(source, "", 10);
    const auto skipped = reader.skip(count, [] { return false; });
    return std::pair(skipped.value(), reader.chain());
  };
  const auto all = chain_after_skipping(lines(1, 25), 25);
  EXPECT_EQ(chain_after_skipping(lines(1, 30), 25), all);
  EXPECT_NE(chain_after_skipping(lines(2, 26), 25).second, all.second);
  EXPECT_EQ(chain_after_skipping(lines(1, 24), 25).first, 24u);
  std::string without_end = lines(1, 25);
  without_end.pop_back();
  EXPECT_EQ(chain_after_skipping(without_end, 25), all);
}

// What a run over an input that pauses after its first piece has published before the second one comes.
std::size_t published_in_the_pause(std::optional<std::chrono::milliseconds> gather) {
  TestingApi api;
  TextSource source({lines(1, 3) + "{\"topic\":", "\"a\",\"data\":4}\n" + lines(5, 6)});
  std::size_t in_the_pause = 0;
  int rounds = 0;
  source.may_go_on = [&] {
    in_the_pause = api.published.size();
    return in_the_pause > 0 || ++rounds > 20;
  };
  LineReader reader(source, "", 100);
  SendState state = fresh_state(100);
  SystemClock clock;
  Sender sender(api, clock, {"/events", 0, std::chrono::minutes(5), gather},
                {[] { return false; }, [](const SendState&) { return Status(); }, [](const SendProgress&) {}});
  EXPECT_TRUE(sender.run(reader, state));
  EXPECT_EQ(api.published.size(), 6u);
  EXPECT_EQ(state.lines, 6u);
  return in_the_pause;
}

TEST(Sender, SendsTheWholeLinesOfAnInputThatPauses) {
  EXPECT_EQ(published_in_the_pause(std::chrono::milliseconds(0)), 3u);
  EXPECT_EQ(published_in_the_pause(std::nullopt), 0u);  // a run that may be resumed: full batches only
}

TEST(Sender, EndsAtAStopThoughTheInputIsSilent) {
  TestingApi api;
  TextSource source({lines(1, 3), lines(4, 6)});
  int rounds = 0;
  source.may_go_on = [&] {
    ++rounds;
    return false;
  };
  LineReader reader(source, "", 100);
  SendState state = fresh_state(100);
  SystemClock clock;
  Sender sender(api, clock, {"/events"},
                {[&] { return rounds > 3; }, [](const SendState&) { return Status(); }, [](const SendProgress&) {}});
  EXPECT_TRUE(sender.run(reader, state));
  EXPECT_EQ(api.published.size(), 0u);
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
