#include "base/unique_function.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace posthorn {
namespace {

// Counts how many live, to see that every one that was made is destroyed once.
class Counted {
 public:
  explicit Counted(int& alive) : alive_(&alive) { ++*alive_; }
  Counted(const Counted& other) : alive_(other.alive_) { ++*alive_; }
  Counted(Counted&& other) noexcept : alive_(other.alive_) { ++*alive_; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*alive_; }

 private:
  int* alive_;
};

TEST(UniqueFunction, CallsWithArgumentsAndResult) {
  UniqueFunction<int(int, const std::string&)> f = [](int n, const std::string& text) {
    return n + static_cast<int>(text.size());
  };
  EXPECT_EQ(f(2, "abc"), 5);
  EXPECT_EQ(f(0, ""), 0);
}

TEST(UniqueFunction, OwnsWhatCannotBeCopied) {
  auto number = std::make_unique<int>(7);
  UniqueFunction<int()> f = [number = std::move(number)] { return *number; };
  UniqueFunction<int()> moved = std::move(f);
  EXPECT_EQ(moved(), 7);
  EXPECT_FALSE(f);  // NOLINT(bugprone-use-after-move): a moved-from function is empty
  f = std::move(moved);
  EXPECT_EQ(f(), 7);
}

TEST(UniqueFunction, KeepsBigCapturesOnTheHeap) {
  std::array<int, 100> numbers{};
  std::iota(numbers.begin(), numbers.end(), 0);
  UniqueFunction<int()> f = [numbers] { return std::accumulate(numbers.begin(), numbers.end(), 0); };
  UniqueFunction<int()> moved = std::move(f);
  EXPECT_EQ(moved(), 4950);
}

TEST(UniqueFunction, PassesMoveOnlyArgumentsAndReferences) {
  UniqueFunction<std::unique_ptr<int>(std::unique_ptr<int>, int&)> f = [](std::unique_ptr<int> p, int& seen) {
    seen = *p;
    return p;
  };
  int seen = 0;
  EXPECT_EQ(*f(std::make_unique<int>(9), seen), 9);
  EXPECT_EQ(seen, 9);
}

TEST(UniqueFunction, KeepsStateBetweenCalls) {
  UniqueFunction<int()> f = [n = 0]() mutable { return ++n; };
  EXPECT_EQ(f(), 1);
  EXPECT_EQ(f(), 2);
}

template <class Padding>
void expect_destroyed_once() {
  int alive = 0;
  {
    UniqueFunction<void()> f = [counted = Counted(alive), padding = Padding()] { (void)padding; };
    EXPECT_EQ(alive, 1);
    UniqueFunction<void()> moved = std::move(f);
    EXPECT_EQ(alive, 1);
    moved();
    std::vector<UniqueFunction<void()>> many;
    many.push_back(std::move(moved));
    for (int i = 0; i < 10; ++i) many.emplace_back([counted = Counted(alive), padding = Padding()] { (void)padding; });
    EXPECT_EQ(alive, 11);
    many[0] = std::move(many[1]);
    EXPECT_EQ(alive, 10);
    many[2] = nullptr;
    EXPECT_EQ(alive, 9);
  }
  EXPECT_EQ(alive, 0);
}

TEST(UniqueFunction, DestroysSmallCallablesOnce) { expect_destroyed_once<char>(); }
TEST(UniqueFunction, DestroysBigCallablesOnce) { expect_destroyed_once<std::array<char, 200>>(); }

TEST(UniqueFunction, MovingOntoItselfKeepsTheCallable) {
  UniqueFunction<int()> f = [] { return 3; };
  auto& same = f;
  f = std::move(same);
  EXPECT_EQ(f(), 3);
}

TEST(UniqueFunction, PropagatesExceptions) {
  UniqueFunction<void()> f = [] { throw std::string("thrown"); };
  EXPECT_THROW(f(), std::string);
}

TEST(UniqueFunctionDeathTest, CallingAnEmptyOneIsABrokenInvariant) {
  UniqueFunction<void()> f;
  EXPECT_FALSE(f);
  EXPECT_DEATH(f(), "broken invariant");
  UniqueFunction<void()> null = nullptr;
  EXPECT_FALSE(null);
}

}  // namespace
}  // namespace posthorn
