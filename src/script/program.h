// Program: a script of a user; Outcome: what one run of it came to.
//
// Values only. Whoever runs scripts (sending, workflows) speaks in these; nothing here knows what a script is for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"

namespace posthorn::script {

enum class Language : std::uint8_t { jq, javascript };

std::string_view to_text(Language language);
std::optional<Language> parse_language(std::string_view text);

// Which results of a jq program count. JavaScript has one result.
enum class Results : std::uint8_t {
  first,  // the first one; a program without any ends as `runtime`
  all,    // a JSON array of all
};

struct Program {
  Language language = Language::jq;
  std::string source;
  // JavaScript only: the function that is called with the input. Empty: the result is the value of the last statement, and
  // the input is the variable `$`.
  std::string function;
  Results results = Results::first;

  friend bool operator==(const Program&, const Program&) = default;
};

struct Limits {
  Milliseconds time = kScriptTimeDefault;  // of the run, without waiting for a free helper
  std::size_t output_bytes = kScriptOutputBytesMax;
};

// How a run ended.
enum class Ending : std::uint8_t {
  ok,
  syntax,            // the program does not compile
  runtime,           // it failed by itself: an exception, no result, a result that is not JSON
  timeout,           // it ran beyond its time
  memory,            // it needed more memory than a helper has
  output_too_large,  // its result is longer than allowed
  crashed,           // its helper ended without an answer
  unavailable,       // it was not run: no helper, too many waiting, or shutting down. The program is not to blame.
};

std::string_view to_text(Ending ending);

struct Outcome {
  Ending ending = Ending::unavailable;
  std::string value;    // ok: the result as JSON text. It comes from a process that ran a stranger's code: parse it strictly.
  std::string message;  // otherwise: for people, UTF-8, at most kScriptMessageBytesMax
  std::uint32_t line = 0;                 // where in the source, from 1; 0: not known
  std::uint32_t column = 0;               // from 1; 0: not known
  std::chrono::microseconds duration{0};  // of the run

  bool ok() const { return ending == Ending::ok; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// "line 3, column 7: ReferenceError: x is not defined": the message and its place, for people.
std::string describe(const Outcome& outcome);

}  // namespace posthorn::script
