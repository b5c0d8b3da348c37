// Receiver: one of the demo's endpoints. Keeps every request it gets, and answers by its temper.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cli/durable_file.h"
#include "cli/endpoint.h"

namespace posthorn::cli::demo {

struct Received {
  Arrival arrival;
  std::string id;  // webhook-id
  int status = 0;  // what it was answered
};

enum class Temper : std::uint8_t { healthy, flaky };

// How often a flaky endpoint answers 500 before it takes an event: one event in five once, one in 25 twice. By the id alone.
int refusals_for(std::string_view id);

class Receiver {
 public:
  Receiver(std::string name, Temper temper);

  // Takes a port of 127.0.0.1 without answering on it: a connect is refused until open().
  Status reserve();
  Status open();
  void close() { endpoint_.stop(); }

  const std::string& name() const { return name_; }
  bool is_open() const { return is_open_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hooks/" + name_; }

  // Any thread.
  struct Counts {
    std::size_t requests = 0;
    std::size_t refused = 0;   // answered 500
    std::size_t distinct = 0;  // events that were taken
  };
  Counts counts() const;
  // After close().
  const std::vector<Received>& received() const { return received_; }

 private:
  int take(Arrival arrival);

  const std::string name_;
  const Temper temper_;
  std::uint16_t port_ = 0;
  bool is_open_ = false;
  Descriptor reserved_;
  mutable std::mutex mutex_;
  std::vector<Received> received_;
  std::map<std::string, int, std::less<>> tries_;
  Counts counts_;
  Endpoint endpoint_;  // last: its thread uses all above
};

}  // namespace posthorn::cli::demo
