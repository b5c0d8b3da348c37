#include "access/key_fetcher.h"

#include "jwt/key_set.h"
#include "net/url.h"

namespace posthorn::access {
namespace {

// Answers exactly once, also when the coroutine that holds it is cut off.
class Answer {
 public:
  explicit Answer(FetchDone done) : done_(std::move(done)) {}
  Answer(Answer&&) = default;
  Answer& operator=(Answer&&) = delete;
  ~Answer() {
    if (done_) done_(unavailable("the server is stopping"));
  }
  void give(Result<std::string> result) { std::exchange(done_, {})(std::move(result)); }

 private:
  FetchDone done_;
};

}  // namespace

void KeyFetcher::fetch(const std::string& url, FetchDone done) {
  loop_.post([this, url, done = std::move(done)]() mutable {
    if (stopped_) return done(unavailable("the server is stopping"));
    scope_.spawn(run(url, std::move(done)));
  });
}

net::Task<void> KeyFetcher::run(std::string text, FetchDone done) {
  Answer answer(std::move(done));
  const auto url = net::parse_url(text, "jwksUrl");
  if (!url) {
    answer.give(url.error());
    co_return;
  }
  net::ClientRequest request;
  request.url = &*url;
  request.method = "GET";
  request.header_lines = "Accept: application/json\r\n";
  auto response = co_await client_.send(request, clock_.steady_now() + kKeyFetchTime);
  if (!response) {
    answer.give(unavailable(response.error().detail));
  } else if (response->status != 200) {
    answer.give(unavailable("the answer's status is " + std::to_string(response->status)));
  } else if (!response->body_complete || response->body.size() > jwt::kKeySetBytesMax) {
    answer.give(unavailable("the answer is too large"));
  } else {
    answer.give(std::move(response->body));
  }
}

net::Task<void> KeyFetcher::stop() {
  stopped_ = true;
  co_await scope_.join();
}

}  // namespace posthorn::access
