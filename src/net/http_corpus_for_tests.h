// Requests, good, odd and malformed, with what the server must make of each. Shared by the tests that send them over a socket
// and those that cut them into pieces.
#pragma once

#include <string>
#include <vector>

namespace posthorn::net {

enum class Ending { open, closed };

struct HttpCase {
  std::string name;
  std::string bytes;
  std::vector<int> statuses;  // of the answers, in order (100 counts)
  Ending ending = Ending::closed;
};

// The service is EchoService; limits are the defaults. A request that is refused must be answered once, and what follows it on
// the connection must not be understood as another request.
std::vector<HttpCase> http_corpus();

}  // namespace posthorn::net
