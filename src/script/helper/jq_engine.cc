#include "script/helper/jq_engine.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "script/helper/emergency.h"

extern "C" {
#include <jq.h>
}

namespace posthorn::script {
namespace {

constexpr std::size_t kKeptMax = 16;
constexpr std::size_t kKeptSourceBytesMax = 16 * 1024;  // longer programs are compiled each time
constexpr int kResultDepthMax = 200;                    // libjq prints what is deeper as something that is not JSON

Outcome failed(Ending ending, std::string message) {
  Outcome outcome;
  outcome.ending = ending;
  outcome.message = std::move(message);
  return outcome;
}

std::string to_string(jv text) {
  std::string copy(jv_string_value(text), static_cast<std::size_t>(jv_string_length_bytes(jv_copy(text))));
  jv_free(text);
  return copy;
}

void on_compile_error(void* data, jv message) {
  auto& messages = *static_cast<std::string*>(data);
  jv text = jv_get_kind(message) == JV_KIND_STRING ? message : jq_format_error(message);
  if (jv_get_kind(text) != JV_KIND_STRING) return jv_free(text);
  if (!messages.empty()) messages += '\n';
  messages += to_string(text);
}

// libjq writes "jq: error: WHAT at <top-level>, line N:" and the line; only the first of several errors is kept.
Outcome compile_failure(const std::string& messages) {
  std::string_view text = messages;
  Outcome outcome = failed(Ending::syntax, "");
  if (const auto place = text.find(" at <top-level>, line "); place != std::string_view::npos) {
    const auto number = text.substr(place + 22);
    std::from_chars(number.data(), number.data() + number.size(), outcome.line);
    text = text.substr(0, place);
  } else {
    text = text.substr(0, text.find('\n'));
  }
  if (text.starts_with("jq: error: ")) text.remove_prefix(11);
  if (const auto shell = text.find(" (Unix shell quoting issues?)"); shell != std::string_view::npos)
    text = text.substr(0, shell);
  outcome.message = text.empty() ? "does not compile" : text;
  return outcome;
}

bool nested_deeper_than(jv value, int depth) {
  bool deeper = false;
  const jv_kind kind = jv_get_kind(value);
  if (depth == 0) {
    deeper = true;
  } else if (kind == JV_KIND_ARRAY) {
    const int size = jv_array_length(jv_copy(value));
    for (int i = 0; i < size && !deeper; ++i) deeper = nested_deeper_than(jv_array_get(jv_copy(value), i), depth - 1);
  } else if (kind == JV_KIND_OBJECT) {
    for (int i = jv_object_iter(value); jv_object_iter_valid(value, i) && !deeper; i = jv_object_iter_next(value, i)) {
      deeper = nested_deeper_than(jv_object_iter_value(value, i), depth - 1);
    }
  }
  jv_free(value);
  return deeper;
}

// Why there is no further result; `invalid` is what jq_next() gave.
Outcome failure_of(jq_state* state, jv invalid) {
  if (jq_halted(state) != 0) {
    jv_free(invalid);
    return failed(Ending::runtime, "a script may not halt");
  }
  jv message = jv_invalid_get_msg(invalid);
  if (jv_get_kind(message) != JV_KIND_STRING) message = jv_dump_string(message, 0);
  return failed(Ending::runtime, to_string(message));
}

void on_no_memory(void*) { end_with(Emergency::memory); }

}  // namespace

JqEngine::JqEngine() { jv_nomem_handler(on_no_memory, nullptr); }

JqEngine::~JqEngine() {
  for (auto& program : kept_) jq_teardown(&program.state);
}

jq_state* JqEngine::compiled(const std::string& source, Outcome& failure) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Compiled& one) { return one.source == source; });
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return found->state;
  }
  if (source.find('\0') != std::string::npos) {
    failure = failed(Ending::syntax, "has a null character");
    return nullptr;
  }
  jq_state* state = jq_init();
  if (state == nullptr) end_with(Emergency::memory);
  // jq_init() leaves these three uninitialised.
  jq_set_nomem_handler(state, on_no_memory, nullptr);
  jq_set_input_cb(state, nullptr, nullptr);
  jq_set_debug_cb(state, nullptr, nullptr);
  jq_set_attr(state, jv_string("JQ_LIBRARY_PATH"), jv_array());
  std::string messages;
  jq_set_error_cb(state, on_compile_error, &messages);
  const bool ok = jq_compile(state, source.c_str()) != 0;
  jq_set_error_cb(state, [](void*, jv message) { jv_free(message); }, nullptr);
  if (!ok) {
    jq_teardown(&state);
    failure = compile_failure(messages);
    return nullptr;
  }
  kept_.push_front({source, state});
  return state;
}

Outcome JqEngine::check(const Program& program) {
  Outcome outcome;
  if (compiled(program.source, outcome) != nullptr) outcome.ending = Ending::ok;
  return outcome;
}

Outcome JqEngine::run(const Program& program, const std::string& input, const Limits& limits) {
  Outcome failure;
  jq_state* state = compiled(program.source, failure);
  if (state == nullptr) return failure;
  jv value = jv_parse_sized(input.data(), static_cast<int>(input.size()));
  if (jv_is_valid(value) == 0) {
    jv_free(value);
    return failed(Ending::runtime, "the input is not JSON that jq can read");
  }
  last_ = state;
  jq_start(state, value, 0);
  return collect(state, program.results, limits);
}

Outcome JqEngine::collect(jq_state* state, Results results, const Limits& limits) {
  Outcome outcome = failed(Ending::ok, "");
  const bool all = results == Results::all;
  if (all) outcome.value = "[";
  for (bool first = true;; first = false) {
    jv result = jq_next(state);
    if (jv_is_valid(result) == 0) {
      const bool has_message = jv_invalid_has_msg(jv_copy(result)) != 0;
      if (has_message || jq_halted(state) != 0) return failure_of(state, result);
      jv_free(result);
      if (first && !all) return failed(Ending::runtime, "the program gave no result");
      break;
    }
    if (nested_deeper_than(jv_copy(result), kResultDepthMax)) {
      jv_free(result);
      return failed(Ending::runtime, "the result is nested too deeply");
    }
    if (!first) outcome.value += ',';
    outcome.value += to_string(jv_dump_string(result, 0));
    if (outcome.value.size() >= limits.output_bytes + (all ? 0 : 1)) {
      return failed(Ending::output_too_large, "the result is longer than " + std::to_string(limits.output_bytes) + " bytes");
    }
    if (!all) break;
  }
  if (all) outcome.value += ']';
  return outcome;
}

void JqEngine::tidy() {
  // Starting anew drops the last run's values and its stack.
  if (last_ != nullptr) jq_start(last_, jv_null(), 0);
  last_ = nullptr;
  while (kept_.size() > kKeptMax || (!kept_.empty() && kept_.front().source.size() > kKeptSourceBytesMax)) {
    auto& dropped = kept_.size() > kKeptMax ? kept_.back() : kept_.front();
    jq_teardown(&dropped.state);
    kept_.remove_if([&](const Compiled& one) { return one.state == nullptr; });
  }
}

}  // namespace posthorn::script
