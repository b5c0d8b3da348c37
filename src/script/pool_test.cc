#include "script/pool.h"

#include <gtest/gtest.h>

#include "script/pool_for_tests.h"

namespace posthorn::script {
namespace {

TEST(ScriptPool, RunsJqAndJavaScript) {
  Pool pool(test_options());
  EXPECT_EQ(run_one(pool, jq("{sum: (.a + .b)}"), R"({"a":1,"b":2})").value, R"({"sum":3})");
  const auto outcome = run_one(pool, javascript("return {sum: event.a + event.b}"), R"({"a":1,"b":2})");
  EXPECT_EQ(outcome.ending, Ending::ok) << outcome.message;
  EXPECT_EQ(outcome.value, R"({"sum":3})");
  EXPECT_GT(outcome.duration.count(), 0);
}

TEST(ScriptPool, StartsNothingBeforeTheFirstCallAndStopsWhatIsIdle) {
  PoolOptions options = test_options();
  options.idle_time = Milliseconds(1);
  Pool pool(options);
  EXPECT_EQ(pool.measures().helpers, 0U);
  EXPECT_TRUE(run_one(pool, jq(".")).ok());
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (pool.measures().helpers != 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(pool.measures().helpers, 0U);
  EXPECT_TRUE(run_one(pool, jq(".")).ok());
  EXPECT_EQ(pool.measures().helpers_started, 2U);
}

struct Case {
  const char* name;
  Program program;
  std::string input;
  std::string value;
};

TEST(ScriptPool, GivesTheValueOfEveryWayToWriteAScript) {
  Pool pool(test_options());
  const auto js = [](std::string source, std::string function) {
    return Program{Language::javascript, std::move(source), std::move(function), Results::first};
  };
  const std::vector<Case> cases{
      {"arrow function", js("const transform = e => e.a", "transform"), R"({"a":[1]})", "[1]"},
      {"async function", js("async function f(e) { return await e.a }", "f"), R"({"a":[1]})", "[1]"},
      {"value of the last statement", js("var y = $.a; y + 1", ""), R"({"a":1})", "2"},
      {"text beyond ASCII", javascript("return event.a + '\u20ac'"), R"({"a":"ä😀"})", R"("ä😀€")"},
      {"dates", javascript("return new Date(event.a).toISOString()"), R"({"a":0})", R"("1970-01-01T00:00:00.000Z")"},
      {"first result of jq", jq("1, 2"), "null", "1"},
      {"all results of jq", {Language::jq, "1, 2", "", Results::all}, "null", "[1,2]"},
      {"no result of jq", {Language::jq, "empty", "", Results::all}, "null", "[]"},
      {"null", jq("null"), "{}", "null"},
      {"order of members", jq("."), R"({"b":1,"a":2})", R"({"b":1,"a":2})"},
  };
  for (const auto& one : cases) {
    const auto outcome = run_one(pool, one.program, one.input);
    EXPECT_EQ(outcome.ending, Ending::ok) << one.name << ": " << outcome.message;
    EXPECT_EQ(outcome.value, one.value) << one.name;
  }
}

struct Failing {
  Program program;
  Ending ending;
  std::uint32_t line;
  std::uint32_t column;
  const char* message;  // a part of it
};

TEST(ScriptPool, SaysWhereAndWhyAScriptFails) {
  Pool pool(test_options());
  const auto js = [](std::string source) {
    return Program{Language::javascript, std::move(source), "transform", Results::first};
  };
  const std::vector<Failing> cases{
      {js("function transform(e) {\n  return {;\n}"), Ending::syntax, 2, 11, "expected property name"},
      {js("function transform(e) {\n  return e.\n nope.x\n}"), Ending::runtime, 2, 4, "e.nope is undefined"},
      {js("let x = 1"), Ending::syntax, 0, 0, "does not declare the function transform"},
      {javascript("throw null"), Ending::runtime, 1, 29, "null"},
      {javascript(""), Ending::runtime, 0, 0, "returned nothing"},
      {javascript("return 1n"), Ending::runtime, 0, 0, "BigInt"},
      {javascript("let a = {}; a.a = a; return a"), Ending::runtime, 0, 0, "cyclic"},
      {javascript("return new Promise(() => {})"), Ending::runtime, 0, 0, "never settled"},
      {javascript("return Promise.reject(new TypeError('no'))"), Ending::runtime, 1, 51, "TypeError: no"},
      {jq(".a |\n foo(1)"), Ending::syntax, 2, 0, "foo/1 is not defined"},
      {jq("{a: "), Ending::syntax, 1, 0, "syntax error"},
      {jq(".a.b"), Ending::runtime, 0, 0, "Cannot index number"},
      {jq("error({a: 1})"), Ending::runtime, 0, 0, R"({"a":1})"},
      {jq("empty"), Ending::runtime, 0, 0, "no result"},
  };
  for (const auto& one : cases) {
    const auto outcome = run_one(pool, one.program, R"({"a":1})");
    EXPECT_EQ(to_text(outcome.ending), to_text(one.ending)) << one.program.source;
    EXPECT_EQ(outcome.line, one.line) << one.program.source;
    EXPECT_EQ(outcome.column, one.column) << one.program.source;
    EXPECT_NE(outcome.message.find(one.message), std::string::npos) << one.program.source << ": " << outcome.message;
  }
}

TEST(ScriptPool, ChecksWithoutRunning) {
  Pool pool(test_options());
  const auto check = [&](Program program) { return run_one(pool, std::move(program), "null", 1s, 1024, Task::check); };
  EXPECT_TRUE(check(javascript("return event.a.b.c")).ok());
  EXPECT_TRUE(check(jq(".a.b | error")).ok());
  EXPECT_TRUE(check({Language::javascript, "$.a.b.c", "", Results::first}).ok());
  EXPECT_EQ(check(javascript("return }")).ending, Ending::syntax);
  EXPECT_EQ(check(jq(".a | nope")).ending, Ending::syntax);
  EXPECT_EQ(check({Language::javascript, "for (;;);", "transform", Results::first}).ending, Ending::timeout);
}

TEST(ScriptPool, RefusesResultsBeyondTheirBound) {
  Pool pool(test_options());
  for (const auto& program :
       {jq(R"("x" * 1000)"), javascript("return 'x'.repeat(1000)"), javascript("return '\u20ac'.repeat(400)"),
        Program{Language::jq, "range(1e9)", "", Results::all}}) {
    EXPECT_EQ(run_one(pool, program, "{}", 1s, 1000).ending, Ending::output_too_large) << program.source;
  }
  EXPECT_TRUE(run_one(pool, jq(R"("x" * 998)"), "{}", 1s, 1000).ok());
  EXPECT_TRUE(run_one(pool, javascript("return 'x'.repeat(998)"), "{}", 1s, 1000).ok());
}

TEST(ScriptPool, LeavesNothingOfOneCallToTheNext) {
  PoolOptions options = test_options();
  options.helpers = 1;
  Pool pool(options);
  EXPECT_TRUE(run_one(pool,
                      javascript("Object.prototype.leak = event; Array.prototype.push = null; globalThis.leak = event;"
                                 "JSON.stringify = () => 'x'; Promise.prototype.then = null; Object.freeze(Date); return 1"),
                      R"({"secret":1})")
                  .ok());
  // What a run leaves to be done later never is.
  EXPECT_EQ(run_one(pool, javascript("Promise.resolve().then(() => { for (;;); }); throw new Error('x')")).ending,
            Ending::runtime);
  const auto outcome = run_one(
      pool, {Language::javascript,
             "async function transform() { await 0; Date.x = 1; return [typeof leak, ({}).leak === undefined, typeof [].push,"
             "JSON.stringify({}), Date.x] }",
             "transform", Results::first});
  EXPECT_EQ(outcome.value, R"(["undefined",true,"function","{}",1])") << outcome.message;
  EXPECT_TRUE(run_one(pool, jq("def leak: 1; . as $leak | 1")).ok());
  EXPECT_EQ(run_one(pool, jq("leak")).ending, Ending::syntax);
  EXPECT_EQ(run_one(pool, jq("$leak")).ending, Ending::syntax);
  EXPECT_EQ(pool.measures().helpers_started, 1U);
}

TEST(ScriptPool, AnswersEverybodyWhenItIsClosed) {
  ReplyLoop loop;
  std::vector<Ending> endings;
  {
    PoolOptions options = test_options();
    options.helpers = 1;
    Pool pool(options);
    for (int i = 0; i < 5; ++i) {
      pool.run(make_call(
          loop, jq("last(repeat(1))"), "{}", [&](const Outcome& outcome) { endings.push_back(outcome.ending); }, 30s));
    }
    pool.close();
    pool.close();
    pool.run(make_call(loop, jq("."), "{}", [&](const Outcome& outcome) { endings.push_back(outcome.ending); }));
  }
  ASSERT_TRUE(loop.run_until([&] { return endings.size() == 6; }));
  for (const auto ending : endings) EXPECT_EQ(ending, Ending::unavailable);
}

TEST(ScriptPool, SaysThatScriptsCannotBeRunWithoutItsHelper) {
  PoolOptions options = test_options();
  for (const char* file : {"/nonexistent/posthorn-script", "/bin/true", "/bin/cat"}) {
    options.helper_file = file;
    Pool pool(options);
    const auto outcome = run_one(pool, jq("."));
    EXPECT_EQ(outcome.ending, Ending::unavailable) << file;
    EXPECT_FALSE(outcome.message.empty());
  }
}

TEST(ScriptPool, DoesNotKeepWhoMayNotWait) {
  if (POSTHORN_SANITIZED) GTEST_SKIP() << "the sanitizer has its own way to end the helper";
  PoolOptions options = test_options();
  options.helpers = 1;
  Pool pool(options);
  ReplyLoop loop;
  std::vector<Ending> endings;
  const auto note = [&](const Outcome& outcome) { endings.push_back(outcome.ending); };
  pool.run(make_call(loop, jq("last(repeat(1))"), "{}", note, Milliseconds(200)));
  Call late = make_call(loop, jq("."), "{}", note);
  late.start_before = std::chrono::steady_clock::now();
  pool.run(std::move(late));
  ASSERT_TRUE(loop.run_until([&] { return endings.size() == 2; }));
  EXPECT_EQ(endings, (std::vector{Ending::timeout, Ending::unavailable}));
}

TEST(ScriptPool, RunsQuickScriptsBesideAnyNumberOfHangingOnes) {
  Pool pool(test_options());
  ReplyLoop loop;
  int hung = 0;
  for (std::uint64_t strand = 1; strand <= 20; ++strand) {
    Call call = make_call(loop, javascript("for (;;);"), "{}", [&](const Outcome&) { ++hung; }, Milliseconds(300));
    call.caller = {1, strand % 2};
    pool.run(std::move(call));
  }
  ASSERT_TRUE(loop.run_until([&] { return hung >= 2; }));
  int quick = 0;
  const int hung_before = hung;
  for (int i = 0; i < 50; ++i) {
    Call call = make_call(loop, javascript("return 1"), "{}", [&](const Outcome& outcome) { quick += outcome.ok() ? 1 : 0; });
    call.caller = {2, 1};
    pool.run(std::move(call));
  }
  ASSERT_TRUE(loop.run_until([&] { return quick == 50; }));
  // In turns with the others, each quick one would have waited for a hanging one.
  EXPECT_LE(hung - hung_before, 5);
  ASSERT_TRUE(loop.run_until([&] { return hung == 20; }));
}

}  // namespace
}  // namespace posthorn::script
