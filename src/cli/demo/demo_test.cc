// The demo's sums and checks. The demo as a whole runs in tests/ against a real server.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "cli/demo/ledger.h"
#include "cli/demo/scratch.h"
#include "cli/demo/signature_check.h"

namespace posthorn::cli::demo {
namespace {

using namespace std::chrono_literals;

Received received(const std::string& id, int status = 200, SteadyTime at = {}) {
  Received one;
  one.id = id;
  one.status = status;
  one.arrival.steady_at = at;
  return one;
}

const PublishedEvents kPublished{{"a", {watch::Change::created, Phase::catching_up, SteadyTime(0s)}},
                                 {"b", {watch::Change::edited, Phase::live, SteadyTime(10s)}},
                                 {"c", {watch::Change::deleted, Phase::live, SteadyTime(20s)}}};

TEST(Sums, AreFineWhenEverythingArrivedSigned) {
  const auto sum = sum_up("x", {received("a"), received("b", 500), received("c"), received("b"), received("a")},
                          std::vector<bool>(5, true), kPublished);
  EXPECT_TRUE(sum.is_fine());
  EXPECT_EQ(sum.requests, 5u);
  EXPECT_EQ(sum.delivered, 3u);
  EXPECT_EQ(sum.refused, 1u);
  EXPECT_EQ(sum.duplicates, 1u);
}

TEST(Sums, NoticeAMissingAnUnknownAndABadlySignedRequest) {
  const auto missing = sum_up("x", {received("a"), received("b")}, {true, true}, kPublished);
  EXPECT_EQ(missing.missing, 1u);
  EXPECT_FALSE(missing.is_fine());
  const auto only_refused = sum_up("x", {received("a"), received("b"), received("c", 500)}, {true, true, true}, kPublished);
  EXPECT_EQ(only_refused.missing, 1u);
  const auto unknown =
      sum_up("x", {received("a"), received("b"), received("c"), received("d")}, {true, true, true, true}, kPublished);
  EXPECT_EQ(unknown.unknown, 1u);
  EXPECT_FALSE(unknown.is_fine());
  const auto unsigned_one = sum_up("x", {received("a"), received("b"), received("c")}, {true, false, true}, kPublished);
  EXPECT_EQ(unsigned_one.badly_signed, 1u);
  EXPECT_FALSE(unsigned_one.is_fine());
}

TEST(Sums, MeasureTheFirstArrivalOfTheirPhase) {
  const std::vector<Received> arrivals{received("b", 500, SteadyTime(11s)), received("b", 200, SteadyTime(15s)),
                                       received("a", 200, SteadyTime(7s)), received("c", 200, SteadyTime(23s))};
  const auto live = latency_of(arrivals, kPublished, Phase::live);
  EXPECT_EQ(live.count, 2u);
  EXPECT_DOUBLE_EQ(live.p50, 1.0);
  EXPECT_DOUBLE_EQ(latency_of(arrivals, kPublished, Phase::catching_up).p99, 7.0);
  EXPECT_EQ(latency_of({}, kPublished, Phase::live).count, 0u);
}

TEST(FlakyEndpoints, RefuseAboutOneEventInFive) {
  int once = 0;
  int twice = 0;
  for (int i = 0; i < 10'000; ++i) {
    const int refusals = refusals_for("event-" + std::to_string(i));
    once += refusals == 1 ? 1 : 0;
    twice += refusals == 2 ? 1 : 0;
  }
  EXPECT_NEAR(once + twice, 2000, 200);
  EXPECT_NEAR(twice, 400, 100);
}

// The example of the Standard Webhooks libraries' tests.
SignedRequest example() {
  return {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
          "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", R"({"test": 2432232314})",
          "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
}

std::vector<SignedRequest> spoiled() {
  std::vector<SignedRequest> requests(6, example());
  requests[0].body += " ";
  requests[1].id = "msg_other";
  requests[2].timestamp = "1614265331";
  requests[3].signature = "v1,AAAA";
  requests[4].secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  requests[5].signature = "";
  return requests;
}

TEST(SignatureCheck, AcceptsTheSpecificationsExampleAmongOthers) {
  EXPECT_TRUE(is_signed(example()));
  auto several = example();
  several.signature = "v1,AAAA " + several.signature + " v1a,BBBB";
  EXPECT_TRUE(is_signed(several));
  for (const auto& request : spoiled()) EXPECT_FALSE(is_signed(request));
}

TEST(SignatureCheck, ComesToTheSameWithPython) {
  const auto folder = std::filesystem::temp_directory_path() / ("posthorn-check-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  auto requests = spoiled();
  requests.push_back(example());
  const auto checked = check_signatures(requests, folder.string());
  EXPECT_EQ(checked.valid, (std::vector<bool>{false, false, false, false, false, false, true}));
  EXPECT_FALSE(std::filesystem::exists(folder / "requests.jsonl"));
  std::filesystem::remove_all(folder);
}

TEST(PlannedChanges, ShowSomethingOfEachAndNeverMoreThanThereIs) {
  for (const auto& [files, edits, removals, moves] :
       std::vector<std::array<std::size_t, 4>>{{1, 1, 0, 0}, {2, 1, 1, 0}, {3, 1, 1, 1}, {40, 4, 2, 2}, {2500, 250, 125, 5}}) {
    const auto planned = plan_changes(files);
    EXPECT_EQ(planned.edits, edits) << files;
    EXPECT_EQ(planned.removals, removals) << files;
    EXPECT_EQ(planned.moves, moves) << files;
    EXPECT_LE(edits + removals + moves, files);
  }
}

TEST(NotExercised, NamesWhatARunDidNotShow) {
  PublishedEvents published{{"a", {watch::Change::created, Phase::live, {}}}};
  std::vector<EndpointSum> sums(2);
  EXPECT_EQ(not_exercised(published, sums),
            "no file was edited, no file was deleted, no endpoint refused a delivery, so nothing was retried");
  published["b"] = {watch::Change::edited, Phase::live, {}};
  sums[1].refused = 1;
  EXPECT_EQ(not_exercised(published, sums), "no file was deleted");
  published["c"] = {watch::Change::deleted, Phase::live, {}};
  EXPECT_EQ(not_exercised(published, sums), "");
}

TEST(Scratch, CopiesRealFilesAndLeavesThemAlone) {
  std::string folder;
  {
    Scratch scratch;
    ASSERT_TRUE(scratch.make());
    folder = scratch.folder();
    const auto count = scratch.copy_from({"/usr/include"}, 30);
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 30u);
    const auto file = scratch.files().front();
    const auto size = std::filesystem::file_size(scratch.watched() + "/" + file);
    ASSERT_TRUE(scratch.append(file));
    EXPECT_GT(std::filesystem::file_size(scratch.watched() + "/" + file), size);
    ASSERT_TRUE(scratch.rewrite(file));
    ASSERT_TRUE(scratch.move(file, "elsewhere"));
    ASSERT_TRUE(scratch.remove("elsewhere"));
    EXPECT_FALSE(scratch.remove("elsewhere"));
    EXPECT_FALSE(Scratch().copy_from({"/nonexistent"}, 5));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace posthorn::cli::demo
