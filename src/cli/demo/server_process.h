// ServerProcess: a Posthorn server of the demo's own: this same program, in a child process, on a free port.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace posthorn::cli::demo {

class ServerProcess {
 public:
  ServerProcess() = default;
  ~ServerProcess();  // kills what still runs
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Call it before this process has threads. The server ends with this process, however that ends.
  Status start(const std::string& data_dir, const std::string& log_file, const std::string& admin_key);
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  bool has_ended();
  // SIGTERM, then waits. Answers the exit code; -1 when it had to be killed.
  int stop();

 private:
  pid_t process_ = -1;
  int exit_code_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace posthorn::cli::demo
