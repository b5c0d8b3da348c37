// Bad input for fields of calls: a table of fields, and what is wrong with each by its kind and meaning. Every refusal must be
// a 4xx that names the field and changes nothing; a 500 is a failure wherever it comes (openapi_test_support.h). That no field
// of the document is forgotten is tests/test_bad_input.py's to see.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "api/testing/test_server.h"

namespace posthorn::api::native {
namespace {

using namespace posthorn::api::testing;  // NOLINT(google-build-using-namespace)

enum class Kind { text, text_or_null, boolean, object, object_or_null, texts, whole_number, other };

struct FieldRule {
  std::string name;
  Kind kind;
  std::size_t bytes_max = 0;
  std::vector<std::string> wrong = {};  // further values that must be refused, as JSON
};

struct CallRule {
  std::string name;
  std::string method;
  std::string path;
  std::string needed;  // members that must be there, without braces; the tested field is taken out of it
  std::vector<FieldRule> fields;
};

const std::string kBase = "/api/v1/tenants/default";

bool accepts(Kind kind, std::string_view json) {
  switch (kind) {
    case Kind::text:
      return json.starts_with('"');
    case Kind::text_or_null:
      return json.starts_with('"') || json == "null";
    case Kind::boolean:
      return json == "true";
    case Kind::object:
      return json.starts_with('{');
    case Kind::object_or_null:
      return json.starts_with('{') || json == "null";
    case Kind::texts:
      return json == "[]";
    case Kind::whole_number:
      return json == "7";
    case Kind::other:
      return true;
  }
  return false;
}

std::vector<std::string> wrong_values(const FieldRule& field) {
  std::vector<std::string> values = field.wrong;
  for (const std::string json : {"null", "true", "7", "1.5", "\"x\"", "[]", "{}"}) {
    if (!accepts(field.kind, json)) values.push_back(json);
  }
  if (field.kind == Kind::texts) {
    for (const std::string json : {"[1]", "[null]", "[[\"a\"]]", "[\"a\",{}]"}) values.push_back(json);
  }
  if (field.bytes_max > 0) values.push_back('"' + std::string(field.bytes_max + 1, 'x') + '"');
  return values;
}

std::vector<std::string> retry_mistakes() {
  std::string many_delays = "[1";
  for (int i = 1; i <= 50; ++i) many_delays += ",1";
  return {"{}",
          "{\"preset\":\"fast\"}",
          "{\"preset\":null}",
          "{\"scheduleMs\":5}",
          "{\"scheduleMs\":[-1]}",
          "{\"scheduleMs\":[1.5]}",
          "{\"scheduleMs\":[\"1\"]}",
          "{\"scheduleMs\":[604800001]}",
          "{\"scheduleMs\":" + many_delays + "]}",
          "{\"baseMs\":1}",
          "{\"baseMs\":0,\"retries\":1}",
          "{\"baseMs\":1,\"retries\":51}",
          "{\"baseMs\":1,\"retries\":-1}",
          "{\"baseMs\":1,\"retries\":1,\"factor\":0.5}",
          "{\"baseMs\":1,\"retries\":1,\"factor\":\"2\"}",
          "{\"baseMs\":1,\"retries\":1,\"maxMs\":0}",
          "{\"preset\":\"standard\",\"jitter\":1.1}",
          "{\"preset\":\"standard\",\"jitter\":-0.1}",
          "{\"preset\":\"standard\",\"jitter\":null}",
          "{\"preset\":\"standard\",\"more\":1}",
          "{\"preset\":\"standard\",\"scheduleMs\":[1]}"};
}

std::vector<FieldRule> pace_fields() {
  return {
      {"retry", Kind::object, 0, retry_mistakes()},
      {"timeoutMs", Kind::whole_number, 0, {"99", "60001", "-1", "0", "1000.5", "1e30", "9223372036854775808"}},
      {"order", Kind::other, 0, {"null", "5", "\"lifo\"", "\"\"", "{\"key\":\"data.id\"}", "{\"key\":\"$..id\"}", "{}", "[]"}},
      {"rateLimit",
       Kind::other,
       0,
       {"5", "\"none\"", "{\"perSecond\":0}", "{\"perSecond\":\"5\"}", "{\"burst\":1}", "{}", "[]", "false"}},
      {"concurrency", Kind::other, 0, {"0", "65", "1.5", "\"2\"", "[]"}},
      {"priority", Kind::text, 0, {"\"highest\"", "\"\""}},
      {"batching", Kind::other, 0, {"5", "{}", "{\"maxEvents\":0}", "{\"maxEvents\":2,\"maxBytes\":1}", "[]"}},
      {"disableAfterMs", Kind::other, 0, {"-1", "1.5", "\"1\"", "[]"}},
      {"transform",
       Kind::object_or_null,
       0,
       {R"({"language":"jq"})", R"({"code":"."})", R"({"language":"perl","code":"."})", R"({"language":"jq","code":""})",
        R"({"language":"jq","code":"{"})", R"({"language":"javascript","code":"let x = 1"})",
        R"({"language":"javascript","code":"function transform(e) {"})", R"({"language":"jq","code":".","more":1})"}},
  };
}

std::vector<FieldRule> subscription_fields() {
  const std::string long_text(3000, 'x');
  std::string many_topics = "[\"t0\"";
  for (int i = 1; i <= 100; ++i) many_topics += ",\"t" + std::to_string(i) + "\"";
  std::string many_headers = "{\"h0\":\"v\"";
  for (int i = 1; i <= 50; ++i) many_headers += ",\"h" + std::to_string(i) + "\":\"v\"";
  std::vector<FieldRule> fields{
      {"url",
       Kind::text,
       2048,
       {"\"\"", "\"x\"", "\"ftp://a.example/\"", "\"http://\"", "\"http://u:p@a.example/\"", "\"http://a.example/#f\"",
        "\"http://0x7f.1/\"", "\"http://127.1/\"", "\"http://2130706433/\"", "\"http://a b/\"", "\"http://a.example:0/\"",
        "\"http://a.example:65536/\"", "\"//a.example/\"", "\"http://\\u00fc.example/\"", "\"http://１２７.0.0.1/\"",
        "\"http://a.example/\\r\\nX: y\""}},
      {"kind", Kind::text, 16, {"\"\"", "\"pull\"", "\"Poll\""}},
      {"topics",
       Kind::texts,
       0,
       {"[\"\"]", "[\"a..b\"]", "[\"a.**.b\"]", "[\"a b\"]", "[\"*x\"]", "[\".\"]", "[\"a.\"]", "[\"" + long_text + "\"]",
        many_topics + "]"}},
      {"scope", Kind::text_or_null, 128, {"\"nowhere\"", "\"\""}},
      {"description", Kind::text_or_null, 2048},
      {"format", Kind::text, 0, {"\"\"", "\"xml\"", "\"Standard\"", "\"" + long_text + "\""}},
      {"signatures", Kind::texts, 0, {"[\"v2\"]", "[\"\"]", "[\"v1\",\"v1\"]"}},
      {"signatureHeaders",
       Kind::object,
       0,
       {"{\"v1\":\"x\"}", "{\"v9\":\"x\"}", "{\"secret\":\"a b\"}", "{\"secret\":\"\"}", "{\"secret\":1}",
        "{\"secret\":\"Host\"}", "{\"secret\":\"" + std::string(65, 'v') + "\"}"}},
      {"secret",
       Kind::text_or_null,
       0,
       {"\"\"", "\"short\"", "\"whsec_\"", "\"whsec_###\"", "\"whsec_c2hvcnQ=\"", "\"with a space in it\"",
        "\"" + long_text + "\"", "\"whsec_" + std::string(400, 'A') + "\"", "\"\\u0000123456789012345\""}},
      {"headers",
       Kind::object,
       0,
       {"{\"\":\"x\"}", "{\"a b\":\"x\"}", "{\"x\":1}", "{\"x\":null}", "{\"x\":\"a\\r\\nb\"}", "{\"x\":\"a\\u0000\"}",
        "{\"Host\":\"x\"}", "{\"content-length\":\"1\"}", "{\"Transfer-Encoding\":\"chunked\"}", "{\"Webhook-Id\":\"x\"}",
        "{\"X\":\"1\",\"x\":\"2\"}", "{\"x\":\"" + std::string(5000, 'v') + "\"}", many_headers + "}"}},
      {"include", Kind::texts, 0, {"[{}]"}},
      {"exclude", Kind::texts, 0, {"[{}]"}},
      {"enabled", Kind::boolean},
  };
  std::ranges::move(pace_fields(), std::back_inserter(fields));
  return fields;
}

std::vector<CallRule> call_rules(const std::string& subscription) {
  const std::string long_document = "{\"x\":\"" + std::string(64 * 1024, 'x') + "\"}";
  const std::vector<FieldRule> tenant{
      {"name", Kind::text, 128},
      {"webhooksEnabled", Kind::boolean},
      {"settings", Kind::object, 0, {long_document, "{\"retention\":5}", "{\"retention\":{\"payloadDays\":0}}"}}};
  const std::vector<FieldRule> topic{
      {"description", Kind::text_or_null, 2048},
      {"schema",
       Kind::object_or_null,
       0,
       {"{\"type\":5}", "{\"type\":\"nothing\"}", "{\"$ref\":\"https://elsewhere.example/s.json\"}", "{\"$ref\":\"#/nowhere\"}",
        "{\"pattern\":\"(\"}", "{\"required\":\"x\"}", long_document}},
      {"example", Kind::other, 0, {long_document}}};
  const std::vector<FieldRule> scope{{"name", Kind::text, 128}};
  const std::string url_and_topics = R"("url":"https://r.example/","topics":["a"])";
  const std::vector<FieldRule> event{
      {"topic", Kind::text, 256, {"\"\"", "\"unknown\"", "\"a..b\"", "\"*\"", "\"a b\"", "\"\\u0000\""}},
      {"id",
       Kind::text_or_null,
       128,
       {"\"\"", "\"a.b\"", "\"a b\"", "\"\\u00fc\"", "\"a/b\"", "\"\\n\"", "\"0198f0a2-7c1e-7a3b-8d54-2f9c1e6b7a10\""}},
      {"time",
       Kind::text_or_null,
       64,
       {"\"\"", "\"x\"", "\"2026-02-30T00:00:00Z\"", "\"2026-01-01\"", "\"2026-01-01T00:00:00\""}},
      {"user", Kind::text_or_null, 256, {"\"\""}},
      {"scope", Kind::text_or_null, 128, {"\"\"", "\"nowhere\"", "\"a b\""}}};
  const std::vector<FieldRule> since_and_until{
      {"since", Kind::text, 64, {"\"\"", "\"1h\"", "\"2026-02-30T00:00:00Z\"", "\"2026-01-01\""}},
      {"until", Kind::text_or_null, 64, {"\"\"", "\"x\"", "\"2020-01-01T00:00:00Z\""}}};
  std::vector<FieldRule> replay = since_and_until;
  replay.push_back({"topics", Kind::texts, 0, {"[\"\"]", "[\"a..b\"]", "[\"a b\"]"}});
  std::vector<FieldRule> resend = since_and_until;
  resend.push_back({"status", Kind::text_or_null, 64, {"\"pending\"", "\"\"", "\"failed\""}});
  resend.push_back({"topic", Kind::text_or_null, 256, {"\"\"", "\"*\"", "\"a b\""}});
  resend.push_back({"subscription", Kind::text_or_null, 64, {"\"\"", "\"0198f0a2-7c1e-7a3b-8d54-2f9c1e6b7a10\""}});
  const std::string since = R"("since":"2026-01-01T00:00:00Z")";
  const std::vector<FieldRule> rotation{
      {"secret", Kind::text_or_null, 0, {"\"\"", "\"short\"", "\"***\"", "\"whsec_###\"", "\"with a space in it\""}},
      {"overlapMs", Kind::whole_number, 0, {"-1", "604800001", "0.5"}}};
  std::vector<CallRule> rules{
      {"recover", "POST", kBase + "/subscriptions/" + subscription + "/recover", since, since_and_until},
      {"replayMissing", "POST", kBase + "/subscriptions/" + subscription + "/replay-missing", since, replay},
      {"resendMany", "POST", kBase + "/deliveries/resend", since, resend},
      {"putTenant", "PUT", kBase, "", tenant},
      {"patchTenant", "PATCH", kBase, "", tenant},
      {"putTopic", "PUT", kBase + "/topics/a", "", topic},
      {"patchTopic", "PATCH", kBase + "/topics/a", "", topic},
      {"putScope", "PUT", kBase + "/scopes/s", "", scope},
      {"patchScope", "PATCH", kBase + "/scopes/s", "", scope},
      {"postSubscription", "POST", kBase + "/subscriptions", url_and_topics, subscription_fields()},
      {"putSubscription", "PUT", kBase + "/subscriptions/" + subscription, url_and_topics, subscription_fields()},
      {"patchSubscription", "PATCH", kBase + "/subscriptions/" + subscription, "", subscription_fields()},
      {"rotateSecret", "POST", kBase + "/subscriptions/" + subscription + "/rotate-secret", "", rotation},
      {"publish", "POST", kBase + "/events", R"("topic":"a","data":1)", event},
  };
  return rules;
}

// `needed` without the member `name`, and with it at the end.
std::string body_with(const std::string& needed, const std::string& name, const std::string& json) {
  std::string rest;
  for (const std::string_view member : {R"("url":"https://r.example/")", R"("topics":["a"])", R"("topic":"a")", R"("data":1)",
                                        R"("since":"2026-01-01T00:00:00Z")"}) {
    if (needed.find(member) == std::string::npos || member.starts_with('"' + name + '"')) continue;
    rest += std::string(member) + ',';
  }
  return '{' + rest + '"' + name + "\":" + json + '}';
}

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(server_.call("PUT", kBase + "/topics/a", "{}").status, 201);
    ASSERT_EQ(server_.call("PUT", kBase + "/scopes/s", "{}").status, 201);
    subscription_ =
        server_.call("POST", kBase + "/subscriptions", R"({"url":"https://r.example/","topics":["a"]})").member("id");
    ASSERT_EQ(subscription_.size(), 36u);
    ASSERT_EQ(server_.call("POST", kBase + "/subscriptions", R"({"kind":"poll","topics":["a"],"uid":"reader"})").status, 201);
    before_ = state();
  }
  // Nothing that was refused has changed anything.
  void TearDown() override { EXPECT_EQ(state(), before_); }

  std::string state() {
    std::string all;
    for (const std::string list : {"topics", "scopes", "subscriptions", "events", "jobs"})
      all += server_.call("GET", kBase + "/" + list).body;
    return all + server_.call("GET", kBase).body;
  }

  void expect_refused(const CallRule& call, const std::string& body, int status, const std::string& field) {
    const Reply reply = server_.call(call.method, call.path, body);
    EXPECT_EQ(reply.status, status) << call.name << ' ' << body.substr(0, 200) << "\n" << reply.body;
    const std::string named = reply.field().substr(0, reply.field().find('/'));
    EXPECT_EQ(named, field) << call.name << ' ' << body.substr(0, 200) << "\n" << reply.body;
  }

  TestServer server_;
  std::string subscription_;
  std::string before_;
};

TEST_F(BadInput, OfAWrongKindOrOutOfBoundsIsRefusedByTheFieldsName) {
  for (const auto& call : call_rules(subscription_)) {
    for (const auto& field : call.fields) {
      for (const auto& json : wrong_values(field))
        expect_refused(call, body_with(call.needed, field.name, json), 422, field.name);
    }
  }
}

TEST_F(BadInput, LeavesOutWhatIsNeeded) {
  for (const auto& call : call_rules(subscription_)) {
    if (call.needed.empty()) continue;
    if (call.needed.starts_with("\"since\"")) {
      expect_refused(call, "{}", 422, "since");
      continue;
    }
    const bool publishes = call.name == "publish";
    const std::string first = publishes ? "topic" : "url";
    const std::string second = publishes ? "data" : "topics";
    expect_refused(call, "{}", 422, first);
    expect_refused(call, body_with(call.needed, "x", "1").replace(0, 1, "{"), 422, "x");
    expect_refused(call, publishes ? R"({"topic":"a"})" : R"({"url":"https://r.example/"})", 422, second);
    expect_refused(call, publishes ? R"({"data":1})" : R"({"topics":["a"]})", 422, first);
  }
}

TEST_F(BadInput, WithMembersThatNobodyKnowsOrTwice) {
  for (const auto& call : call_rules(subscription_)) {
    for (const std::string name : {"id_", "revisions", "Name", "createdAt"}) {
      expect_refused(call, body_with(call.needed, name, "1"), 422, name);
    }
    const std::string& name = call.fields.front().name;
    const Reply twice = server_.call(call.method, call.path, "{\"" + name + "\":\"a\",\"" + name + "\":\"a\"}");
    EXPECT_EQ(twice.status, 400) << call.name;
    EXPECT_EQ(twice.field(), name) << call.name << twice.body;
  }
}

TEST_F(BadInput, ThatIsNotJsonOrNotAnObject) {
  const std::string deep = "{\"x\":" + std::string(200, '[') + std::string(200, ']') + "}";
  for (const auto& call : call_rules(subscription_)) {
    for (const std::string& body :
         std::vector<std::string>{"", " ", "{", "}", "{\"a\"}", "{\"a\":}", "{'a':1}", "{\"a\":1,}", "{}{}", "nul",
                                  "{\"a\":01}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\\ud800\"}",
                                  "{\"a\":\"\n\"}", "\xef\xbb\xbf{}", deep, "{\"a\":1e400}", std::string("{}\0", 3)}) {
      const Reply reply = server_.call(call.method, call.path, body);
      EXPECT_EQ(reply.status, 400) << call.name << ' ' << body.substr(0, 40) << "\n" << reply.body;
    }
    for (const std::string body : {"[]", "null", "\"x\"", "1", "true"}) {
      EXPECT_EQ(server_.call(call.method, call.path, body).status, 422) << call.name << ' ' << body;
    }
  }
}

TEST_F(BadInput, InBatchesAsAWholeOrEventByEvent) {
  const CallRule batch{"batch", "POST", kBase + "/events/batch", "", {}};
  for (const std::string json : {"null", "5", "{}", "\"x\"", "true"})
    expect_refused(batch, "{\"events\":" + json + "}", 422, "events");
  expect_refused(batch, "{}", 422, "events");
  expect_refused(batch, R"({"events":[],"more":1})", 422, "more");
  expect_refused(batch, R"({"events":[],"events":[]})", 400, "events");
  EXPECT_EQ(server_.call("POST", batch.path, R"({"events":[{]})").status, 400);
  EXPECT_EQ(server_.call("POST", batch.path, "[]").status, 422);

  const auto rules = call_rules(subscription_);
  const CallRule& publish = rules.back();
  for (const auto& field : publish.fields) {
    for (const auto& json : wrong_values(field)) {
      const Reply reply =
          server_.call("POST", batch.path, "{\"events\":[" + body_with(publish.needed, field.name, json) + "]}");
      EXPECT_EQ(reply.status, 200) << json;
      EXPECT_NE(reply.body.find("\"status\":422"), std::string::npos) << json << reply.body;
      EXPECT_NE(reply.body.find("\"field\":\"events/0/" + field.name), std::string::npos) << json << reply.body;
    }
  }
}

TEST_F(BadInput, InPublishHeaders) {
  for (const std::string_view path : {"/events", "/events/batch"}) {
    const std::string body = path == "/events" ? R"({"topic":"a","data":1})" : R"({"events":[{"topic":"a","data":1}]})";
    for (const std::string& key : std::vector<std::string>{"", "a b", "\xc3\xbc", "a\x01", std::string(257, 'k')}) {
      const Reply reply = server_.call("POST", kBase + std::string(path), body, {{"Idempotency-Key", key}});
      EXPECT_EQ(reply.status, 422) << key;
      EXPECT_EQ(reply.field(), "Idempotency-Key");
    }
  }
}

TEST_F(BadInput, InPreconditions) {
  for (const std::string& path :
       std::vector<std::string>{kBase, kBase + "/topics/a", kBase + "/scopes/s", kBase + "/subscriptions/" + subscription_}) {
    for (const std::string method : {"PUT", "PATCH", "DELETE"}) {
      for (const std::string header : {"If-Match", "If-None-Match"}) {
        for (const std::string value : {"", "1", "\"1", "x", "\"1\",", "W/1"}) {
          const Reply reply = server_.call(method, path, method == "DELETE" ? "" : "{}", {{header, value}});
          EXPECT_EQ(reply.status, 400) << method << ' ' << path << ' ' << value;
          EXPECT_EQ(reply.field(), header);
        }
      }
    }
  }
}

TEST_F(BadInput, InQueries) {
  struct Row {
    std::string parameter;
    std::vector<std::string> values;
  };
  const std::vector<Row> rows{
      {"limit", {"", "0", "251", "-1", "x", "1e1", "%31%20"}},
      {"cursor", {"", "x", "AAAA", "%00", "====", std::string(600, 'A')}},
      {"status", {"", "Pending", "failed", "pending,succeeded", "%00"}},
      {"topic", {"", "*", "a..b", "a%20b", std::string(300, 'a')}},
      {"subscription", {"", "x", "0198f0a2-7c1e-4a3b-8d54-2f9c1e6b7a10", "%00"}},
      {"since", {"", "yesterday", "2026-01-01", "1700000000", "2026-01-01T00:00:00"}},
      {"until", {"", "yesterday", "2026-13-01T00:00:00Z"}},
  };
  for (const auto& route : server_.router().routes()) {
    if (route.query.empty()) continue;
    std::string path(route.pattern);
    for (const auto& [place, value] :
         {std::pair{"{tenant}", "default"}, {"{event}", "x"}, {"{delivery}", "x"}, {"{subscription}", "reader"}}) {
      if (const auto at = path.find(place); at != std::string::npos) path.replace(at, std::string_view(place).size(), value);
    }
    for (const auto& row : rows) {
      if (std::find(route.query.begin(), route.query.end(), row.parameter) == route.query.end()) continue;
      for (const auto& value : row.values) {
        const Reply reply = server_.call("GET", path + "?" + row.parameter + "=" + value);
        EXPECT_EQ(reply.status, 422) << path << ' ' << row.parameter << '=' << value << "\n" << reply.body;
        EXPECT_EQ(reply.field(), row.parameter);
      }
    }
  }
}

TEST_F(BadInput, InTheNamesOfNewObjects) {
  for (const std::string& name : std::vector<std::string>{"%20", "a%20b", "-a", ".", "..", "a%2Fb", "%00", "a%0Ab", "%C3%BC",
                                                          std::string(129, 'a'), "_x"}) {
    const Reply tenant = server_.call("PUT", "/api/v1/tenants/" + name, "{}");
    EXPECT_EQ(tenant.status, 422) << name;
    EXPECT_EQ(tenant.field(), "tenant");
    const Reply scope = server_.call("PUT", kBase + "/scopes/" + name, "{}");
    EXPECT_EQ(scope.status, 422) << name;
    EXPECT_EQ(scope.field(), "scope");
  }
  for (const std::string& name :
       std::vector<std::string>{"*", "a.*", "**", "a..b", ".a", "a.", "a%20b", "%00", "%C3%BC", "a%2Fb", std::string(257, 'a'),
                                "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"}) {
    const Reply topic = server_.call("PUT", kBase + "/topics/" + name, "{}");
    EXPECT_EQ(topic.status, 422) << name;
    EXPECT_EQ(topic.field(), "topic");
  }
  EXPECT_EQ(server_.call("PUT", "/api/v1/tenants/%ff", "{}").status, 400);
}

}  // namespace
}  // namespace posthorn::api::native
