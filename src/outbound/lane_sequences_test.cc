#include "outbound/lane_sequences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/random.h"

namespace posthorn::outbound {
namespace {

using Work = domain::PendingDelivery;

const SubscriptionKey kSubscription{7};
const Timestamp kStart{Milliseconds(1'700'000'000'000)};
constexpr EventKey kAll{std::numeric_limits<std::int64_t>::max()};
constexpr std::size_t kWindow = kLaneReadyMax;

// The delivery's key is the event's with a thousand in front, so that mixing them up shows.
Work work(std::int64_t event, std::int64_t order_key, Timestamp due = kStart, std::size_t payload_bytes = 10) {
  auto made = std::make_shared<domain::Event>();
  made->id.key = EventKey{event};
  made->payload.assign(payload_bytes, 'x');
  return Work{.id = {{event + 1'000'000}, 0},
              .subscription = kSubscription,
              .event = std::move(made),
              .due = due,
              .order_key = order_key};
}

std::int64_t event_of(const std::optional<Work>& work) { return work ? work->event->id.key.value : 0; }

// A store with the sequences of one lane.
class PlayedStore {
 public:
  void add(const Work& work) { rows_[*work.order_key][work.event->id.key.value] = work; }
  void remove(const Work& work) {
    rows_[*work.order_key].erase(work.event->id.key.value);
    if (rows_[*work.order_key].empty()) rows_.erase(*work.order_key);
  }
  void set_due(const Work& work, Timestamp due) { rows_[*work.order_key][work.event->id.key.value].due = due; }
  std::size_t size() const {
    std::size_t count = 0;
    for (const auto& [key, rows] : rows_) count += rows.size();
    return count;
  }

  store::OrderedPage read(const store::LoadOrdered& query) const {
    store::OrderedPage page;
    std::size_t read = 0;
    for (auto it = rows_.lower_bound(query.from); it != rows_.end(); ++it) {
      if (query.one_sequence && it->first != query.from) break;
      const Timestamp due = it->second.begin()->second.due;
      if (!query.one_sequence &&
          (page.sequences.size() >= query.sequences_max || (read >= query.limit && due <= query.due_until))) {
        page.next = it->first;
        return page;
      }
      store::Sequence sequence;
      sequence.order_key = it->first;
      sequence.due = due;
      if (query.one_sequence || due <= query.due_until) {
        for (auto row = it->second.upper_bound(query.one_sequence ? query.after.value : 0); row != it->second.end(); ++row) {
          if (sequence.deliveries.size() == query.per_sequence) {
            sequence.more = true;
            break;
          }
          sequence.deliveries.push_back(row->second);
        }
        read += sequence.deliveries.size();
        if (query.one_sequence && sequence.deliveries.empty()) break;
      }
      page.sequences.push_back(std::move(sequence));
    }
    return page;
  }

 private:
  std::map<std::int64_t, std::map<std::int64_t, Work>> rows_;
};

void load_all(LaneSequences& lane, const PlayedStore& store, Timestamp now, std::size_t window = kWindow) {
  for (int i = 0; i < 1000 && lane.wants_load(now, window); ++i)
    lane.loaded(store.read(lane.begin_load(now, window)), now, window);
}

TEST(LaneSequences, LetsOneOfASequenceGoAtATimeAndSequencesBesideEachOther) {
  LaneSequences lane;
  for (const auto& [event, key] : std::vector<std::pair<int, int>>{{1, 10}, {2, 20}, {3, 10}, {4, 20}, {5, 30}}) {
    lane.accept(work(event, key), kStart, kWindow);
  }
  auto first = lane.take(kStart, kAll);
  EXPECT_EQ(event_of(first), 1);
  EXPECT_EQ(event_of(lane.take(kStart, kAll)), 2);
  EXPECT_EQ(event_of(lane.take(kStart, kAll)), 5);
  EXPECT_FALSE(lane.take(kStart, kAll)) << "3 and 4 wait for 1 and 2";
  lane.finished(*first, kStart);
  EXPECT_EQ(event_of(lane.take(kStart, kAll)), 3);
}

TEST(LaneSequences, HoldsASequenceWhileItsFirstWaitsForItsRetry) {
  LaneSequences lane;
  PlayedStore store;
  for (int event = 1; event <= 3; ++event) {
    store.add(work(event, 10));
    lane.accept(work(event, 10), kStart, kWindow);
  }
  auto first = lane.take(kStart, kAll);
  store.set_due(*first, kStart + 5s);
  lane.retry_later(std::move(*first), kStart + 5s, kStart);
  EXPECT_EQ(lane.in_memory(), 1u) << "what stands behind it is the store's meanwhile";
  EXPECT_FALSE(lane.take(kStart + 4s, kAll));
  EXPECT_FALSE(lane.wants_load(kStart + 4s, kWindow));
  EXPECT_EQ(lane.next_wake(), kStart + 5s);
  auto again = lane.take(kStart + 5s, kAll);
  EXPECT_EQ(event_of(again), 1);
  load_all(lane, store, kStart + 5s);
  EXPECT_FALSE(lane.take(kStart + 5s, kAll));
  store.remove(*again);
  lane.finished(*again, kStart + 5s);
  EXPECT_EQ(event_of(lane.take(kStart + 5s, kAll)), 2);
}

TEST(LaneSequences, TakesNothingPastTheHorizon) {
  LaneSequences lane;
  lane.accept(work(5, 10), kStart, kWindow);
  EXPECT_FALSE(lane.take(kStart, EventKey{5}));
  EXPECT_TRUE(lane.held(kStart, EventKey{5}));
  lane.accept(work(4, 10), kStart, kWindow);  // the older event arrives
  EXPECT_EQ(event_of(lane.take(kStart, EventKey{5})), 4);
}

TEST(LaneSequences, LeavesNewWorkToTheStoreWhileOlderWorkIsThere) {
  LaneSequences lane;
  PlayedStore store;
  lane.expect_in_store(kStart);
  for (int event = 1; event <= 2; ++event) store.add(work(event, 10));
  store.add(work(9, 10));
  lane.accept(work(9, 10), kStart, kWindow);
  EXPECT_FALSE(lane.take(kStart, kAll));
  load_all(lane, store, kStart);
  for (const int expected : {1, 2, 9}) {
    auto taken = lane.take(kStart, kAll);
    ASSERT_EQ(event_of(taken), expected);
    store.remove(*taken);
    lane.finished(*taken, kStart);
  }
  EXPECT_TRUE(lane.empty());
  lane.accept(work(10, 10), kStart, kWindow);
  EXPECT_EQ(event_of(lane.take(kStart, kAll)), 10) << "control: nothing is left, new work goes at once";
}

TEST(LaneSequences, PagesPastBlockedSequencesWithBoundedMemory) {
  LaneSequences lane;
  PlayedStore store;
  constexpr int kBlocked = 5000;
  int event = 0;
  for (int key = 1; key <= kBlocked; ++key) {
    for (int i = 0; i < 3; ++i) store.add(work(++event, key, i == 0 ? kStart + 1h : kStart));
  }
  for (int i = 0; i < 20'000; ++i) store.add(work(++event, kBlocked + 1, i == 0 ? kStart + 1h : kStart));  // one huge one
  store.add(work(++event, kBlocked + 2));
  lane.expect_in_store(kStart);
  load_all(lane, store, kStart);
  EXPECT_EQ(event_of(lane.take(kStart, kAll)), event) << "the one that can go goes";
  EXPECT_LE(lane.in_memory(), 1u) << "those that cannot cost no window";
  EXPECT_EQ(lane.next_wake(), kStart + 1h);
  lane.accept(work(++event, kBlocked + 3), kStart, kWindow);
  EXPECT_EQ(event_of(lane.take(kStart, kAll)), event) << "all blocked ones are known, so a new sequence goes at once";
  lane.accept(work(++event, 17), kStart, kWindow);
  EXPECT_FALSE(lane.take(kStart, kAll)) << "and a blocked one's does not";
}

TEST(LaneSequences, StillDeliversEverythingWithMoreSequencesThanItCanKnow) {
  LaneSequences lane;
  PlayedStore store;
  const int sequences = static_cast<int>(kLaneSequencesLeftMax) + 500;
  for (int key = 1; key <= sequences; ++key) store.add(work(key, key, kStart + 1h));
  lane.expect_in_store(kStart);
  load_all(lane, store, kStart);
  store.add(work(sequences + 1, sequences + 1));
  lane.accept(work(sequences + 1, sequences + 1), kStart, kWindow);
  EXPECT_FALSE(lane.take(kStart, kAll)) << "it goes by way of the store";
  const Timestamp later = kStart + kLaneReloadPause;
  load_all(lane, store, later);
  EXPECT_EQ(event_of(lane.take(later, kAll)), sequences + 1);
}

TEST(LaneSequences, ReadsOnInALongSequenceBeforeItRunsDry) {
  LaneSequences lane;
  PlayedStore store;
  for (int event = 1; event <= 5000; ++event) store.add(work(event, 0));
  lane.expect_in_store(kStart);
  int expected = 0;
  int dry = 0;
  while (store.size() > 0) {
    load_all(lane, store, kStart);
    auto taken = lane.take(kStart, kAll);
    ASSERT_EQ(event_of(taken), ++expected);
    store.remove(*taken);
    lane.finished(*taken, kStart);
    dry += lane.in_memory() == 0 ? 1 : 0;
    ASSERT_LE(lane.in_memory(), kWindow);
  }
  EXPECT_EQ(expected, 5000);
  EXPECT_LE(dry, 2);
}

TEST(LaneSequences, ForgetsTheLatestWhenTooManyWaitAndFindsThemAgain) {
  LaneSequences lane;
  PlayedStore store;
  const int count = static_cast<int>(kLaneWaitingMax) + 10;
  for (int event = 1; event <= count; ++event) {
    store.add(work(event, event));
    lane.accept(work(event, event), kStart, kWindow);
  }
  for (int event = 1; event <= count; ++event) {
    auto out = lane.take(kStart, kAll);
    ASSERT_TRUE(out);
    const Timestamp due = kStart + std::chrono::seconds(100 + event);
    store.set_due(*out, due);
    lane.retry_later(std::move(*out), due, kStart);
  }
  EXPECT_EQ(lane.in_memory(), kLaneWaitingMax);
  const Timestamp end = kStart + 1h;
  std::set<std::int64_t> delivered;
  for (int i = 0; i < 2 * count; ++i) {
    load_all(lane, store, end);
    if (auto out = lane.take(end, kAll)) {
      delivered.insert(event_of(out));
      store.remove(*out);
      lane.finished(*out, end);
    }
  }
  EXPECT_EQ(delivered.size(), static_cast<std::size_t>(count));
}

TEST(LaneSequences, PutsABatchThatFailedBackInItsOrder) {
  LaneSequences lane;
  for (int event = 1; event <= 5; ++event) lane.accept(work(event, 10), kStart, kWindow);
  auto first = lane.take(kStart, kAll);
  auto second = lane.take_more(10, kStart, kAll);
  auto third = lane.take_more(10, kStart, kAll);
  ASSERT_EQ(event_of(third), 3);
  lane.retry_later(std::move(*second), kStart + 3s, kStart);
  lane.retry_later(std::move(*third), kStart + 1s, kStart);
  EXPECT_FALSE(lane.take(kStart + 2s, kAll)) << "the first is still out";
  lane.finished(*first, kStart + 2s);
  EXPECT_FALSE(lane.take(kStart + 2s, kAll)) << "2 is not due, so 3 waits too";
  EXPECT_EQ(event_of(lane.take(kStart + 3s, kAll)), 2);
}

TEST(LaneSequences, DropsACancelledDeliveryAndLetsTheNextGo) {
  LaneSequences lane;
  for (int event = 1; event <= 3; ++event) lane.accept(work(event, 10), kStart, kWindow);
  auto out = lane.take(kStart, kAll);
  lane.cancelled({1'000'002}, kStart);
  lane.cancelled({1'000'001}, kStart);  // is out: its attempt decides
  lane.finished(*out, kStart);
  EXPECT_EQ(event_of(lane.take(kStart, kAll)), 3);
}

// One lane under a random mixture of new work, pages, failures and lost pages.
class RandomTreatment {
 public:
  explicit RandomTreatment(std::uint64_t seed)
      : random_(seed), window_(4 + random_.next() % 40), keys_(static_cast<std::int64_t>(1 + random_.next() % 12)) {
    if (random_.next() % 2 != 0) return;
    while (event_ < 60) {
      ++event_;
      store_.add(work(event_, event_ % keys_));
    }
    lane_.expect_in_store(kStart);
  }

  void step() {
    now_ += Milliseconds(random_.next() % 10);
    const auto what = random_.next() % 100;
    if (what < 30 && event_ < 600) {
      accept();
    } else if (what < 55) {
      take();
    } else if (what < 80 && !out_.empty()) {
      answer();
    } else if (what < 98) {
      read();
    } else if (random_.next() % 4 == 0) {
      lane_.leave_all(now_);
    } else {
      lane_.trim(2, now_);
    }
    ASSERT_LE(lane_.in_memory(), window_ + out_.size() + 17);
  }

  // All that is left is delivered.
  void finish() {
    if (page_) lane_.loaded(*std::exchange(page_, {}), now_, window_);
    for (int step = 0; step < 20'000 && (store_.size() > 0 || !out_.empty()); ++step) {
      now_ += Milliseconds(50);
      for (auto& one : out_) deliver(one);
      out_.clear();
      load_all(lane_, store_, now_, window_);
      take();
    }
    ASSERT_EQ(store_.size(), 0u) << "something was forgotten";
  }

 private:
  void accept() {
    const auto made = work(++event_, static_cast<std::int64_t>(random_.next()) % keys_, now_);
    store_.add(made);
    lane_.accept(made, now_, window_);
    if (random_.next() % 20 == 0) lane_.accept(made, now_, window_);  // told twice
  }

  void take() {
    auto taken = lane_.take(now_, kAll);
    if (!taken) return;
    for (const auto& other : out_) ASSERT_NE(other.order_key, taken->order_key);
    ASSERT_GT(event_of(taken), last_[*taken->order_key]);
    out_.push_back(std::move(*taken));
  }

  void answer() {
    const auto at = random_.next() % out_.size();
    Work one = std::move(out_[at]);
    out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(at));
    if (random_.next() % 3 != 0) return deliver(one);
    const Timestamp due = now_ + Milliseconds(random_.next() % 200);
    store_.set_due(one, due);
    lane_.retry_later(std::move(one), due, now_);
  }

  void deliver(const Work& one) {
    last_[*one.order_key] = one.event->id.key.value;
    store_.remove(one);
    lane_.finished(one, now_);
  }

  // What happens between asking for a page and its arrival is not in it.
  void read() {
    if (!page_) {
      if (lane_.wants_load(now_, window_)) page_ = store_.read(lane_.begin_load(now_, window_));
      return;
    }
    auto page = *std::exchange(page_, {});
    if (random_.next() % 10 == 0) {
      lane_.load_failed(now_ + 5ms);
    } else {
      lane_.loaded(std::move(page), now_, window_);
    }
  }

  SeededRandom random_;
  LaneSequences lane_;
  PlayedStore store_;
  const std::size_t window_;
  const std::int64_t keys_;
  std::map<std::int64_t, std::int64_t> last_;  // of each sequence: the event that was delivered last
  std::vector<Work> out_;
  std::optional<store::OrderedPage> page_;  // being read
  Timestamp now_ = kStart;
  std::int64_t event_ = 0;
};

TEST(LaneSequences, KeepsEveryOrderUnderRandomTreatment) {
  for (std::uint64_t seed = 1; seed <= 200 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomTreatment treatment(seed);
    for (int step = 0; step < 3000 && !testing::Test::HasFatalFailure(); ++step) treatment.step();
    treatment.finish();
  }
}

}  // namespace
}  // namespace posthorn::outbound
