// HelperProcess: one posthorn-script process, seen from the server: started, asked, killed.
//
// Place: each of Pool's threads has one. Every call blocks that thread, up to its deadline or until `stop` becomes readable.
// The process is ended with the thread that started it (it asks the kernel for that), with close(), or with its last call.
// What it answers is not believed beyond its form: it ran strangers' code.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "script/protocol.h"

namespace posthorn::script {

class HelperProcess {
 public:
  // `stop`: a descriptor; when it is readable, calls end at once.
  HelperProcess(std::string file, std::size_t memory_bytes, int stop);
  ~HelperProcess();
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  // Between calls: the process is there and waits for one.
  bool running() const;

  // Starts the process and waits until it is ready. Errors: unavailable.
  Status start();

  // Runs one request. After an ending that cost the process, running() is false.
  Outcome ask(const Request& request);

  // Ends the process; nothing of it is left when this returns.
  void close();

 private:
  enum class Wait : std::uint8_t { ready, late, stopped };

  Status spawn(int socket);
  Wait wait(short events, SteadyTime deadline) const;
  Wait send(std::string_view bytes, SteadyTime deadline, bool& open);
  Wait receive(std::string& bytes, std::size_t size, SteadyTime deadline, bool& open);
  // An answer's body; nothing when there was none until the deadline, with `why` set.
  std::optional<Answer> answer(std::size_t output_bytes, SteadyTime deadline, Outcome& why);
  Outcome ended_by_itself();
  int reap();

  std::string file_;
  std::size_t memory_bytes_;
  int stop_;
  pid_t process_ = 0;
  int socket_ = -1;
};

}  // namespace posthorn::script
