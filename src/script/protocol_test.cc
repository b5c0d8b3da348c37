#include "script/protocol.h"

#include <gtest/gtest.h>

namespace posthorn::script {
namespace {

Request sample_request() {
  Request request;
  request.task = Task::check;
  request.limits = {Milliseconds(250), 4096};
  request.program = {Language::javascript, "function f(x) { return x }", "f", Results::all};
  request.input = R"({"a":1})";
  return request;
}

std::string body_of(const std::string& frame) { return frame.substr(kFrameHeadBytes); }

TEST(ScriptProtocol, ReadsBackWhatItWrote) {
  const Request request = sample_request();
  const auto decoded = decode_request(body_of(encode_request(request)));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, request);

  for (const Answer& answer :
       {Answer{{Ending::runtime, "", "TypeError: no", 3, 7, {}}, false}, Answer{{Ending::ok, "[1,2]", "", 0, 0, {}}, false},
        Answer{{Ending::memory, "", "needed too much", 0, 0, {}}, true}}) {
    const auto read_back = decode_answer(body_of(encode_answer(answer)));
    ASSERT_TRUE(read_back);
    EXPECT_EQ(*read_back, answer);
  }
}

TEST(ScriptProtocol, SaysAFramesLengthBeforeItIsRead) {
  const std::string frame = encode_request(sample_request());
  EXPECT_EQ(frame_length(frame.substr(0, 4), kRequestBytesMax), frame.size() - kFrameHeadBytes);
  EXPECT_FALSE(frame_length(frame.substr(0, 4), 10));
  EXPECT_FALSE(frame_length(frame.substr(0, 3), kRequestBytesMax));
  EXPECT_FALSE(frame_length("\xff\xff\xff\xff", kRequestBytesMax));
}

TEST(ScriptProtocol, RefusesEveryCutAndEveryAddition) {
  for (const auto& frame : {encode_request(sample_request()), encode_answer({{Ending::ok, "{}", "m", 1, 2, {}}, false})}) {
    const std::string body = body_of(frame);
    for (std::size_t size = 0; size < body.size(); ++size) {
      EXPECT_FALSE(decode_request(body.substr(0, size))) << size;
      EXPECT_FALSE(decode_answer(body.substr(0, size))) << size;
    }
    EXPECT_FALSE(decode_request(body + '\0'));
    EXPECT_FALSE(decode_answer(body + '\0'));
  }
}

TEST(ScriptProtocol, RefusesValuesOutsideTheirRange) {
  std::string body = body_of(encode_answer({{Ending::ok, "{}", "", 0, 0, {}}, false}));
  body[0] = 99;
  EXPECT_FALSE(decode_answer(body));
  body = body_of(encode_request(sample_request()));
  for (const std::size_t position : {0U, 1U, 2U}) {
    std::string broken = body;
    broken[position] = 7;
    EXPECT_FALSE(decode_request(broken)) << position;
  }
  Request slow = sample_request();
  slow.limits.time = kScriptTimeMax + Milliseconds(1);
  EXPECT_FALSE(decode_request(body_of(encode_request(slow))));
  EXPECT_FALSE(decode_answer(body_of(encode_answer({{Ending::runtime, "", "\xff\xfe", 0, 0, {}}, false}))));
}

TEST(ScriptProtocol, CutsLongMessagesBetweenCharacters) {
  Outcome outcome;
  outcome.ending = Ending::runtime;
  outcome.message = std::string(kScriptMessageBytesMax - 1, 'x') + "\xc3\xa4 and more";
  const auto decoded = decode_answer(body_of(encode_answer({outcome, false})));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->outcome.message, std::string(kScriptMessageBytesMax - 1, 'x'));
}

TEST(ScriptOutcome, SaysWhereItFailed) {
  EXPECT_EQ(describe({Ending::syntax, "", "bad", 0, 0, {}}), "bad");
  EXPECT_EQ(describe({Ending::syntax, "", "bad", 3, 0, {}}), "line 3: bad");
  EXPECT_EQ(describe({Ending::syntax, "", "bad", 3, 7, {}}), "line 3, column 7: bad");
}

}  // namespace
}  // namespace posthorn::script
