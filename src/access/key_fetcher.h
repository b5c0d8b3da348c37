// KeyFetcher: gets an issuer's key set over HTTP, through the peer filter, within bounds of size and time.
//
// Place: on one out-loop, with a client of its own whose body limit fits a key set; IssuerKeys calls fetch() from any thread.
// Lifecycle: stop() on the loop before the client goes; later fetches answer unavailable.
#pragma once

#include <chrono>
#include <string>

#include "access/issuer_keys.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace posthorn::access {

inline constexpr auto kKeyFetchTime = std::chrono::seconds(10);

class KeyFetcher {
 public:
  KeyFetcher(net::Loop& loop, net::HttpClient& client, const Clock& clock)
      : loop_(loop), client_(client), clock_(clock), scope_(loop) {}

  void fetch(const std::string& url, FetchDone done);  // any thread
  net::Task<void> stop();                              // loop thread

 private:
  net::Task<void> run(std::string url, FetchDone done);

  net::Loop& loop_;
  net::HttpClient& client_;
  const Clock& clock_;
  net::Scope scope_;
  bool stopped_ = false;  // loop thread
};

}  // namespace posthorn::access
