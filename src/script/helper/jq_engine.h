// Runs jq programs by libjq. Compiled programs are kept (compiling loads jq's whole library each time): a compiled program
// holds no state of its runs.
//
// What reaches outside in jq's command line reaches nothing here: there is no further input, no module to import, and the
// environment is empty.
// Time: libjq cannot be interrupted; RunTimer ends the process. Memory: libjq ends the process through end_with().
#pragma once

#include <list>
#include <string>

#include "script/program.h"

struct jq_state;

namespace posthorn::script {

class JqEngine {
 public:
  JqEngine();
  ~JqEngine();
  JqEngine(const JqEngine&) = delete;
  JqEngine& operator=(const JqEngine&) = delete;

  Outcome check(const Program& program);
  Outcome run(const Program& program, const std::string& input, const Limits& limits);
  // Frees what the last run still holds.
  void tidy();

 private:
  struct Compiled {
    std::string source;
    jq_state* state;
  };

  // Null: does not compile; `failure` says why.
  jq_state* compiled(const std::string& source, Outcome& failure);
  Outcome collect(jq_state* state, Results results, const Limits& limits);

  std::list<Compiled> kept_;  // the latest used first
  jq_state* last_ = nullptr;
};

}  // namespace posthorn::script
