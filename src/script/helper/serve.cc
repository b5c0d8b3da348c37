#include "script/helper/serve.h"

#include <malloc.h>
#include <unistd.h>

#include <array>
#include <new>
#include <optional>
#include <string>

#include "script/helper/emergency.h"
#include "script/helper/javascript_engine.h"
#include "script/helper/jq_engine.h"
#include "script/helper/sandbox.h"
#include "script/protocol.h"

namespace posthorn::script {
namespace {

bool read_exactly(char* target, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(kHelperSocket, target, size);
    if (got <= 0) return false;
    target += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t wrote = ::write(kHelperSocket, bytes.data() + sent, bytes.size() - sent);
    if (wrote <= 0) return false;
    sent += static_cast<std::size_t>(wrote);
  }
  return true;
}

std::optional<Request> read_request() {
  std::array<char, kFrameHeadBytes> head{};
  if (!read_exactly(head.data(), head.size())) return std::nullopt;
  const auto length = frame_length({head.data(), head.size()}, kRequestBytesMax);
  if (!length) return std::nullopt;
  std::string body(*length, '\0');
  if (!read_exactly(body.data(), body.size())) return std::nullopt;
  return decode_request(body);
}

class Engines {
 public:
  explicit Engines(std::size_t memory_bytes) : javascript_(memory_bytes) {
    // jq's library is compiled once now, so that what this asks of the system is asked before the walls stand.
    jq_.run({Language::jq, "[.a, now, (now | todate)] | tojson", "", {}}, R"({"a":[1]})", {});
    jq_.tidy();
  }

  Outcome answer(const Request& request) {
    const bool jq = request.program.language == Language::jq;
    if (jq) {
      const RunTimer timer(request.limits.time, nullptr);
      return request.task == Task::check ? jq_.check(request.program) : jq_.run(request.program, request.input, request.limits);
    }
    return request.task == Task::check ? javascript_.check(request.program, request.limits)
                                       : javascript_.run(request.program, request.input, request.limits);
  }
  void tidy(Language language) {
    if (language == Language::jq) {
      jq_.tidy();
    } else {
      javascript_.tidy();
    }
    malloc_trim(1024 * 1024);
  }

 private:
  JavaScriptEngine javascript_;
  JqEngine jq_;
};

}  // namespace

int serve_scripts(std::size_t memory_bytes) {
  shed_inheritance();
  prepare_emergencies(kHelperSocket);
  std::set_new_handler([] { end_with(Emergency::memory); });
  Engines engines(memory_bytes);
  Outcome ready;
  ready.ending = Ending::ok;
  if (auto problem = close_sandbox(memory_bytes)) {
    ready.ending = Ending::unavailable;
    ready.message = "the sandbox cannot be closed: " + *problem;
    write_all(encode_answer({ready, true}));
    return 1;
  }
  if (!write_all(encode_answer({ready, false}))) return 1;
  while (auto request = read_request()) {
    if (!write_all(encode_answer({engines.answer(*request), false}))) return 1;
    engines.tidy(request->program.language);
  }
  // The engines are not taken down: the process ends.
  ::_exit(0);
}

}  // namespace posthorn::script
