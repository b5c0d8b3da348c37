// An Api for tests: keeps every request and answers as it is told. Like a server it publishes once per idempotency key.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cli/remote_api.h"

namespace posthorn::cli {

class TestingApi final : public Api {
 public:
  // Answers each request; the default makes events, as a server does.
  std::function<Result<ApiAnswer>(const ApiRequest&)> answer = [this](const ApiRequest& request) { return accept(request); };
  std::vector<ApiRequest> requests;

  void start(ApiRequest request, UniqueFunction<void(Result<ApiAnswer>)> done) override {
    auto result = answer(request);
    requests.push_back(std::move(request));
    done(std::move(result));
  }

  static std::string key_of(const ApiRequest& request) {
    for (const auto& [name, value] : request.headers) {
      if (name == "Idempotency-Key") return value;
    }
    return {};
  }

  // What was published, each key once, in the order of acceptance. A repeated key with another body is a bug of the caller.
  std::vector<std::string> published;
  std::size_t conflicts = 0;

  ApiAnswer accept(const ApiRequest& request) {
    if (request.method == "GET") return {200, {}, "{}"};
    if (request.path.ends_with("/events/batch")) return accept_batch(request);
    if (!publish(key_of(request), request.body))
      return {409, {}, R"({"title":"In conflict","detail":"another body","field":"Idempotency-Key"})"};
    return {202, {}, R"({"id":"event-)" + std::to_string(ids_[key_of(request)]) + R"(","deliveries":1})"};
  }

 private:
  bool publish(const std::string& key, const std::string& body) {
    const auto [at, is_new] = bodies_.emplace(key, body);
    if (!is_new && at->second != body) {
      ++conflicts;
      return false;
    }
    if (is_new) {
      ids_[key] = static_cast<int>(published.size()) + 1;
      published.push_back(body);
    }
    return true;
  }

  // Understands what the tests send: events without commas or braces inside.
  ApiAnswer accept_batch(const ApiRequest& request) {
    std::string results;
    std::size_t at = request.body.find('[') + 1;
    for (int place = 0; at < request.body.size() && request.body[at] == '{'; ++place) {
      const auto end = request.body.find('}', at) + 1;
      const std::string event = request.body.substr(at, end - at);
      if (!results.empty()) results += ",";
      if (event.find("refuse") != std::string::npos) {
        results += R"({"status":422,"problem":{"detail":"is unknown","field":"events/0/topic"}})";
      } else {
        publish(key_of(request) + "#" + std::to_string(place), event);
        results += R"({"status":202,"id":"x","deliveries":2})";
      }
      at = end + 1;
    }
    return {200, {}, R"({"results":[)" + results + "]}"};
  }

  std::map<std::string, std::string> bodies_;
  std::map<std::string, int> ids_;
};

}  // namespace posthorn::cli
