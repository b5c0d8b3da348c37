#include "base/ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <unordered_set>
#include <vector>

namespace posthorn {
namespace {

using namespace std::chrono_literals;

TEST(Ids, CarryTheirKeyAndSaltThroughText) {
  ManualClock clock;
  SeededRandom random(1);
  IdSource ids(clock, 2, 1023);
  for (int i = 0; i < 2000; ++i) {
    const auto id = ids.next<EventId>();
    const std::string text = to_text(id);
    EXPECT_EQ(parse_id<EventId>(text), id) << text;
    clock.advance(Milliseconds(random.next() % 10'000));
  }
}

TEST(Ids, AreUuidsOfVersionSevenThatShowTheirTime) {
  ManualClock clock(Timestamp(Milliseconds(0x0195'1234'5678)));
  IdSource ids(clock, 7, 5);
  const std::string text = to_text(ids.next<DeliveryId>());
  ASSERT_EQ(text.size(), 36U);
  EXPECT_EQ(text.substr(0, 15), "01951234-5678-7");
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '-'), 4);
}

TEST(Ids, SortByTimeAsTextToo) {
  ManualClock clock;
  IdSource ids(clock, 3);
  std::string previous;
  for (int i = 0; i < 1000; ++i) {
    std::string text = to_text(ids.next<EventId>());
    EXPECT_LT(previous, text);
    previous = std::move(text);
    if (i % 10 == 0) clock.advance(1ms);
  }
}

TEST(IdSource, KeepsIncreasingWhenTheClockGoesBack) {
  // schedule_now() does not go back, but a restart with an earlier clock does: `above` is the store's largest key.
  ManualClock late(Timestamp(Milliseconds(1'800'000'000'000)));
  IdSource before(late, 1, 9);
  const std::int64_t largest = before.next_key();
  ManualClock early(Timestamp(Milliseconds(1'700'000'000'000)));
  IdSource after(early, 1, 9, largest);
  std::int64_t previous = largest;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t key = after.next_key();
    ASSERT_GT(key, previous);
    previous = key;
    if (i % 100 == 0) early.advance(1ms);
  }
}

TEST(IdSource, GivesFiveThousandIdsInOneMillisecond) {
  ManualClock clock;
  IdSource ids(clock, 1, 17);
  std::set<std::int64_t> keys;
  std::set<std::string> texts;
  for (int i = 0; i < 5000; ++i) {
    const auto id = ids.next<EventId>();
    keys.insert(id.key.value);
    texts.insert(to_text(id));
    EXPECT_EQ(id.key.value & 1023, 17);
    EXPECT_EQ(parse_id<EventId>(to_text(id)), id);
  }
  EXPECT_EQ(keys.size(), 5000U);
  EXPECT_EQ(texts.size(), 5000U);
  // 4096 fit in a millisecond; the rest borrow from the next one.
  EXPECT_EQ(key_time(*keys.begin()), clock.schedule_now());
  EXPECT_EQ(key_time(*keys.rbegin()), clock.schedule_now() + 1ms);
  clock.advance(10ms);
  EXPECT_EQ(key_time(ids.next_key()), clock.schedule_now()) << "it catches up with the clock";
}

TEST(IdSource, NeverRepeatsAcrossThreadsOrOrigins) {
  ManualClock clock;
  IdSource one(clock, 1, 1);
  IdSource two(clock, 1, 2);
  std::vector<std::vector<std::int64_t>> keys(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < keys.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i) keys[t].push_back((t < 2 ? one : two).next_key());
    });
  }
  for (auto& thread : threads) thread.join();
  std::unordered_set<std::int64_t> all;
  for (const auto& list : keys) {
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
    all.insert(list.begin(), list.end());
  }
  EXPECT_EQ(all.size(), 20'000U);
}

TEST(IdSource, DrawsSaltsOf52Bits) {
  ManualClock clock;
  IdSource ids(clock, 99);
  std::set<std::uint64_t> salts;
  std::uint64_t seen = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t salt = ids.next_salt();
    EXPECT_EQ(salt & ~kSaltMask, 0U);
    seen |= salt;
    salts.insert(salt);
  }
  EXPECT_EQ(salts.size(), 1000U);
  EXPECT_EQ(seen, kSaltMask);
}

TEST(RawIds, AcceptEitherCase) {
  const auto lower = parse_raw_id("01951234-5678-7abc-9def-0123456789ab");
  const auto upper = parse_raw_id("01951234-5678-7ABC-9DEF-0123456789AB");
  ASSERT_TRUE(lower && upper);
  EXPECT_EQ(lower->key, upper->key);
  EXPECT_EQ(lower->salt, upper->salt);
  EXPECT_EQ(lower->salt, 0xf0123456789abU);
  EXPECT_EQ(id_text(upper->key, upper->salt), "01951234-5678-7abc-9def-0123456789ab");
}

TEST(RawIds, RefuseWhatIsNotOne) {
  for (const std::string_view text : {
           "",
           "01951234-5678-7abc-9def-0123456789a",    // short
           "01951234-5678-7abc-9def-0123456789abc",  // long
           "0195123456787abc9def0123456789ab",       // without dashes
           "01951234+5678-7abc-9def-0123456789ab",
           "019512345-678-7abc-9def-0123456789ab",  // a dash out of place
           "{1951234-5678-7abc-9def-0123456789a}",
           "0195123g-5678-7abc-9def-0123456789ab",
           "01951234-5678-4abc-9def-0123456789ab",  // version 4
           "01951234-5678-0abc-9def-0123456789ab",
           "01951234-5678-7abc-1def-0123456789ab",  // another variant
           "01951234-5678-7abc-cdef-0123456789ab",
           "00000000-0000-7000-8000-000000000000",  // 1970: before keys begin
           "016f5e65-17ff-7000-8000-000000000000",  // one millisecond before 2020
           "ffffffff-ffff-7fff-bfff-ffffffffffff",  // after keys end
           " 1951234-5678-7abc-9def-0123456789ab",
           "-1951234-5678-7abc-9def-0123456789ab",
           "0x951234-5678-7abc-9def-0123456789ab",
       }) {
    EXPECT_FALSE(parse_raw_id(text)) << text;
  }
  EXPECT_TRUE(parse_raw_id("016f5e66-e800-7000-8000-000000000000")) << "the first key there is";
}

TEST(Keys, FirstKeyAtIsTheSmallestOfItsMillisecond) {
  const Timestamp time(Milliseconds(1'750'000'000'000));
  EXPECT_EQ(key_time(first_key_at(time)), time);
  EXPECT_EQ(key_time(first_key_at(time) - 1), time - 1ms);
  ManualClock clock(time);
  IdSource ids(clock, 1, 1023);
  EXPECT_GE(ids.next_key(), first_key_at(time));
  EXPECT_LT(ids.next_key(), first_key_at(time + 1ms));
  EXPECT_EQ(first_key_at(Timestamp(Milliseconds(0))), 0) << "before keys begin";
}

TEST(NamedKeys, CompareHashAndKnowNone) {
  EXPECT_FALSE(EventKey{});
  EXPECT_TRUE(EventKey{1});
  EXPECT_LT(EventKey{1}, EventKey{2});
  EXPECT_EQ((std::unordered_set<EventKey>{EventKey{1}, EventKey{1}, EventKey{2}}.size()), 2U);
}

TEST(Ids, OfRowsThatComeLaterStandNearAndAreNobodysOwn) {
  EXPECT_EQ(late_key_after(0), 512);
  EXPECT_EQ(late_key_after(1024), 1024 + 512);
  EXPECT_EQ(late_key_after(1024 + 512), 1024 + 513);
  EXPECT_EQ(late_key_after(1024 + 1022), 1024 + 1023);
  EXPECT_EQ(late_key_after(1024 + 1023), 2048 + 512);
  ManualClock clock;
  IdSource ids(clock, 1);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(ids.next_key() % 1024, kLateOrigin);
}

}  // namespace
}  // namespace posthorn
