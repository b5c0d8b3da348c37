// Scripts that try to exhaust or to leave their helper: each ends by its name, in time, and the next call finds a helper.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "script/pool_for_tests.h"

namespace posthorn::script {
namespace {

constexpr auto kTime = Milliseconds(250);
// Beyond the time itself: the grace until a helper is killed, and a busy machine.
constexpr auto kLate = kScriptKillGrace + Milliseconds(2000);

struct Hostile {
  const char* name;
  Program program;
  std::vector<Ending> endings;  // that are right
  Milliseconds time = kTime;
};

void expect_endings(const std::vector<Hostile>& cases) {
  Pool pool(test_options());
  for (const auto& one : cases) {
    const auto outcome = run_one(pool, one.program, R"({"a":1})", one.time);
    EXPECT_TRUE(std::find(one.endings.begin(), one.endings.end(), outcome.ending) != one.endings.end())
        << one.name << " ended as " << to_text(outcome.ending) << ": " << outcome.message << outcome.value.substr(0, 100);
    EXPECT_LT(outcome.duration, one.time + kLate) << one.name;
    EXPECT_EQ(run_one(pool, jq(".a"), R"({"a":7})", 10s).value, "7") << "after " << one.name;
  }
}

TEST(HostileScripts, EndAtTheirTime) {
  if (POSTHORN_SANITIZED) GTEST_SKIP() << "the sanitizer has its own way to end the helper";
  const std::vector<Ending> timeout{Ending::timeout};
  expect_endings({
      {"loop", javascript("for (;;);"), timeout},
      {"loop while loading", {Language::javascript, "for (;;);", "transform", Results::first}, timeout},
      {"loop in toJSON", javascript("return {toJSON() { for (;;); }}"), timeout},
      {"loop in a proxy", javascript("return new Proxy({}, {ownKeys() { for (;;); }})"), timeout},
      {"loop in a getter", javascript("return {get x() { for (;;); }}"), timeout},
      {"loop in finally", javascript("function f() { try { f() } finally { f() } } f()"), timeout},
      {"loop that catches", javascript("for (;;) try { for (;;); } catch (e) {}"), timeout},
      {"loop of promises", {Language::javascript, "async function f() { for (;;) await null }", "f", Results::first}, timeout},
      {"backtracking", javascript("return /(a+)+$/.test('a'.repeat(40) + 'b')"), timeout},
      {"huge fill", javascript("return new Array(4294967295).fill(7)"), {Ending::timeout, Ending::memory}},
      {"native sort", javascript("let a = new Float64Array(2e6); for (;;) { a.sort(); a.reverse() }"), timeout},
      {"jq recursion", jq("def f: f; f"), timeout},
      {"jq repeat", jq("last(repeat(1))"), timeout},
      {"jq range", jq("last(range(1e15))"), timeout},
      {"jq combinations", jq("[[range(100)], [range(100)], [range(100)], [range(100)]] | last(combinations)"), timeout},
      // The regular expression engine gives up by itself, or takes too long before.
      {"jq backtracking", jq(R"(("a" * 40) + "b" | test("(a+)+$"))"), {Ending::runtime, Ending::timeout}},
  });
}

TEST(HostileScripts, EndWhenTheyRecurseTooDeeply) {
  if (POSTHORN_SANITIZED) GTEST_SKIP() << "the sanitizer has its own way to end the helper";
  expect_endings({
      {"recursion", javascript("function f() { return f() + 1 } return f()"), {Ending::runtime}},
      {"recursion of natives",
       javascript("let a = []; a.toString = a.join; a[0] = a; let f = () => [1].map(f); return f()"),
       {Ending::runtime}},
      {"deep result", javascript("let o = 1; for (let i = 0; i < 1e5; i++) o = [o]; return o"), {Ending::runtime}, 5s},
      {"deep source",
       {Language::javascript, "var x = " + std::string(30000, '(') + "1", "f", Results::first},
       {Ending::syntax, Ending::runtime}},
      {"jq deep result", jq("reduce range(250) as $i (0; [.])"), {Ending::runtime}, 5s},
      {"jq deep value", jq("reduce range(300000) as $i (0; [.])"), {Ending::runtime, Ending::memory}, 10s},
      {"jq deep source", jq(std::string(20000, '(') + "1"), {Ending::syntax}, 5s},
  });
}

#if !POSTHORN_SANITIZED  // sanitizers know no memory limit
TEST(HostileScripts, EndWhenMemoryDoes) {
  const std::vector<Ending> memory{Ending::memory};
  constexpr auto kLong = Milliseconds(10000);
  expect_endings({
      {"arrays", javascript("let a = []; for (;;) a.push(new Array(1000).fill(1))"), memory, kLong},
      {"buffers", javascript("let a = []; for (;;) a.push(new ArrayBuffer(1 << 24))"), memory, kLong},
      {"strings", javascript("let a = []; for (;;) a.push('x'.repeat(1 << 20).replace(/x/, 'y' + a.length))"), memory, kLong},
      {"sparse array as JSON", javascript("let a = []; a.length = 4294967295; return a"), memory, kLong},
      {"objects that catch",
       javascript("let a = []; for (;;) try { for (;;) a.push({a}) } catch (e) {}"),
       {Ending::memory, Ending::timeout},
       3s},
      {"jq range", jq("[range(1e12)]"), memory, kLong},
      {"jq repeat", jq("[repeat(1)]"), memory, kLong},
      {"jq recurse", jq("[recurse(.)] | length"), memory, kLong},
      {"jq call stack", jq("def f: 1 + f; f"), memory, kLong},
      {"jq doubling", jq(R"("x" | until(false; . + .))"), memory, kLong},
      {"jq far index", jq("[] | .[99999999] = 1"), memory, kLong},
      {"jq @json", jq(R"(reduce range(60) as $i ("\"\\"; @json) | length)"), memory, kLong},
      {"jq tojson",
       jq("reduce range(24) as $i ([1]; [., .]) | [range(9) as $i | tojson] | length"),
       {Ending::memory, Ending::timeout},
       3s},
  });
}

TEST(HostileScripts, DoNotMakeTheServerGrow) {
  const auto resident_pages = [] {
    std::ifstream file("/proc/self/statm");
    long total = 0;
    long resident = 0;
    file >> total >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
  };
  Pool pool(test_options());
  run_one(pool, jq("."));
  const auto before = resident_pages();
  for (int i = 0; i < 20; ++i) {
    run_one(pool, javascript("let a = []; for (;;) a.push(new ArrayBuffer(1 << 22))"), "{}", 5s);
    EXPECT_EQ(run_one(pool, javascript("return 'x'.repeat(1e6)"), "{}", 5s, 100).ending, Ending::output_too_large);
  }
  EXPECT_LT(resident_pages() - before, 8 * 1024) << "kB";
}
#endif

TEST(HostileScripts, FindNothingOutside) {
  Pool pool(test_options());
  const auto absent = run_one(
      pool,
      javascript(
          "return ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'require', 'print', 'load', 'read', 'console', 'setTimeout',"
          "'WeakRef', 'FinalizationRegistry', 'process', 'fetch', 'XMLHttpRequest', 'os', 'quit', 'Debugger',"
          "'ReadableStream', 'importScripts', 'Worker'].filter(name => typeof globalThis[name] !== 'undefined')"));
  EXPECT_EQ(absent.value, "[]") << absent.message;
  const std::vector<Ending> runtime{Ending::runtime};
  const std::vector<Ending> syntax{Ending::syntax};
  expect_endings({
      {"waiting", javascript("Atomics.wait(new Int32Array(4), 0, 0)"), runtime},
      {"dynamic import",
       {Language::javascript, "async function f() { return await import('fs') }", "f", Results::first},
       runtime},
      {"static import", {Language::javascript, "import fs from 'fs'; function f() {}", "f", Results::first}, syntax},
      {"jq input", jq("input"), runtime},
      {"jq import", jq(R"(import "a" as a; .)"), syntax},
      {"jq include", jq(R"(include "a"; .)"), syntax},
      {"jq data import", jq(R"(import "/etc/passwd" as $p; $p)"), syntax},
      {"jq module", jq(R"("/etc/passwd" | modulemeta)"), {Ending::runtime, Ending::syntax}},
      {"jq halt", jq("halt"), runtime},
      {"jq halt with an error", jq(R"("x" | halt_error(0))"), runtime},
  });
  EXPECT_EQ(run_one(pool, jq("[env, $ENV, $ENV.PATH, ([inputs] | length), input_filename]")).value, "[{},{},null,0,null]");
  EXPECT_EQ(run_one(pool, jq("[range(10000)] | stderr | debug | length")).value, "10000");
}

// An assertion of the engine itself fails: nothing of it is left but a named ending.
TEST(HostileScripts, ThatBreakTheEngineAreCrashed) {
  expect_endings({{"jq assertion", jq("1e300 | todate"), {Ending::crashed}, 5s}});
}

}  // namespace
}  // namespace posthorn::script
