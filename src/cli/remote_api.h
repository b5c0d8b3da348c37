// The server as the command line sees it: calls over HTTP, answers as values.
//
// Api is an interface so that what is built on it (send, watch) is tested against answers made on command.
// RemoteApi owns a loop and an HTTP client. The client's peer filter is open (0.0.0.0/0 and ::/0): here a person names the
// server to talk to, often one on this machine; nothing that came over the network chooses the address.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_function.h"
#include "net/http.h"
#include "net/url.h"

namespace posthorn::cli {

struct ApiRequest {
  std::string method = "GET";
  std::string path;  // from the server's root, with query: "/api/v1/tenants"
  std::string body;  // JSON; empty: none
  std::vector<net::OwnedHeader> headers;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

struct ApiAnswer {
  int status = 0;
  std::vector<net::OwnedHeader> headers;  // names in lower case
  std::string body;

  bool succeeded() const { return status >= 200 && status < 300; }
  std::string_view header(std::string_view lower_case_name) const;
};

class Api {
 public:
  virtual ~Api() = default;

  // Begins a call. `done` runs exactly once, on another thread or before start() returns. An answer of any status is an answer;
  // errors (unavailable) mean that there was none.
  virtual void start(ApiRequest request, UniqueFunction<void(Result<ApiAnswer>)> done) = 0;
};

// Waits for the answer.
Result<ApiAnswer> call(Api& api, ApiRequest request);
// Waits, and turns every answer other than 2xx into an error. An empty body answers null.
Result<boost::json::value> call_json(Api& api, ApiRequest request);

// The error that an answer other than 2xx means: kind by status, words from the problem body (RFC 9457), Retry-After.
Error error_of(const ApiAnswer& answer);

struct RemoteSettings {
  net::Url base;
  std::string key;  // empty: no Authorization header
  std::string ca_file;
};

class RemoteApi final : public Api {
 public:
  explicit RemoteApi(RemoteSettings settings);
  ~RemoteApi() override;

  void start(ApiRequest request, UniqueFunction<void(Result<ApiAnswer>)> done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Percent-encodes everything but RFC 3986's unreserved characters.
std::string path_segment(std::string_view text);
// "?a=b&c=d" of the members that have a value; empty when none has.
std::string query_text(const std::vector<std::pair<std::string_view, std::string>>& members);

}  // namespace posthorn::cli
