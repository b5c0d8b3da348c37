#include "cli/watch/watcher.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/text.h"
#include "cli/sender.h"
#include "json/reader.h"

namespace posthorn::cli::watch {
namespace {

namespace bj = boost::json;

constexpr std::size_t kGroupMax = 256;  // files that are read, then told, together
constexpr auto kDebounce = std::chrono::milliseconds(50);
constexpr auto kLookEvery = std::chrono::milliseconds(100);
constexpr auto kLookAgainSoon = std::chrono::seconds(2);      // at what was being written
constexpr int kBusyRounds = 5;                                // before going on to what happens
constexpr auto kLookAgainPartial = std::chrono::seconds(15);  // when not all folders could be watched
constexpr std::size_t kReportedMax = 10'000;
constexpr std::size_t kSuspiciousFiles = 10;

struct TopicText {
  std::string_view name;
  std::string_view description;
};
constexpr std::array<TopicText, 3> kTopics{{
    {"document.created", "A file appeared in a watched folder"},
    {"document.edited", "The content of a file in a watched folder changed"},
    {"document.deleted", "A file went from a watched folder"},
}};

std::string topic_of(Change change) { return "document." + std::string(to_text(change)); }

std::string readable_path(std::string_view path) {
  std::string text;
  while (!path.empty()) {
    std::size_t length = 1;
    while (length <= 4 && length <= path.size() && !is_valid_utf8(path.substr(0, length))) ++length;
    if (length > 4 || length > path.size()) {
      text += "\xef\xbf\xbd";  // U+FFFD
      length = 1;
    } else {
      text += path.substr(0, length);
    }
    path.remove_prefix(length);
  }
  return text;
}

bool is_passing(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

// Of two intents about a path with the same content the server says the same.
std::string content_of(const Intent& intent) {
  return std::string(to_text(intent.change)) + (intent.change == Change::deleted ? "" : " " + intent.now.sha256);
}

Status make_topic(Api& api, const std::string& tenant_path, const TopicText& topic) {
  ApiRequest request;
  request.path = tenant_path + "/topics/" + std::string(topic.name);
  ApiRequest make = request;
  const auto found = call_json(api, std::move(request));
  if (found) return {};
  if (found.error().kind != ErrorKind::not_found) return found.error();
  make.method = "PUT";
  make.body = bj::serialize(bj::object{{"description", topic.description}});
  if (const auto made = call_json(api, std::move(make)); !made) return made.error();
  return {};
}

}  // namespace

std::string event_body(Change change, const std::string& path, const Content* now, const Known* before, Timestamp at) {
  const std::string readable = readable_path(path);
  const Known& described = now != nullptr ? now->known : *before;
  bj::object data{{"path", readable}, {"name", readable.substr(readable.rfind('/') + 1)}};
  if (readable != path) data["pathBytes"] = base64_encode(path);
  data["size"] = described.stamp.size;
  data["mediaType"] = media_type(path);
  data["sha256"] = described.sha256;
  if (now != nullptr) {
    data["modifiedAt"] = to_rfc3339(now->modified_at);
    if (now->created_at) data["createdAt"] = to_rfc3339(*now->created_at);
    if (before != nullptr) data["previous"] = {{"size", before->stamp.size}, {"sha256", before->sha256}};
  }
  return bj::serialize(bj::object{{"topic", topic_of(change)}, {"time", to_rfc3339(at)}, {"data", std::move(data)}});
}

struct Watcher::Call {
  Intent intent;
  enum class Phase { waiting, in_flight, done } phase = Phase::waiting;
  std::uint32_t tries = 0;
  SteadyTime not_before;
  SteadyTime sent_at;
};

struct Watcher::Answers {
  struct Answer {
    std::uint64_t sequence;
    Result<ApiAnswer> answer;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Answer> arrived;
};

Watcher::Watcher(Api& api, Journal& journal, const Clock& clock, WatcherOptions options, WatcherHooks hooks)
    : api_(api),
      journal_(journal),
      clock_(clock),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      notifier_(options_.root, options_.ignored),
      answers_(std::make_shared<Answers>()) {}

Watcher::~Watcher() = default;

Status Watcher::prepare(const Stop& stop) {
  std::uint32_t tries = 0;
  for (std::size_t i = 0; i < kTopics.size() && !stop.requested();) {
    auto status = make_topic(api_, options_.tenant_path, kTopics[i]);
    if (status) {
      server_answers();
      ++i;
      continue;
    }
    const auto kind = status.error().kind;
    const bool is_passing_trouble =
        kind == ErrorKind::unavailable || kind == ErrorKind::deadline_exceeded || kind == ErrorKind::too_many_requests;
    if (!is_passing_trouble) return status;
    const auto wait =
        std::max<std::chrono::milliseconds>(status.error().retry_after.value_or(std::chrono::seconds(0)), backoff(++tries));
    if (auto given_up = wait_for_server(status.error(), clock_.steady_now() + SteadyTime::duration(wait)); !given_up) {
      return given_up;
    }
    stop.wait(wait);
  }
  return {};
}

Status Watcher::wait_for_server(const Error& error, SteadyTime next_try) {
  if (!waiting_since_) {
    waiting_since_ = clock_.steady_now();
    hooks_.waiting(error.message);
  }
  const bool gives_up = options_.patience > Milliseconds(0) && next_try - *waiting_since_ >= options_.patience;
  return gives_up ? Status(error) : Status();
}

void Watcher::server_answers() {
  if (waiting_since_) hooks_.waiting("");
  waiting_since_.reset();
}

void Watcher::report(const std::string& path, const std::string& words) {
  if (std::find(reported_.begin(), reported_.end(), path) != reported_.end()) return;
  if (reported_.size() < kReportedMax) reported_.push_back(path);
  hooks_.trouble(path, words);
}

// --- looking ----------------------------------------------------------------------------------------------------------

Status Watcher::look_at(const std::string& path, const Stop& stop) {
  const auto seen =
      look(options_.root, path, options_.ignored, [this](const auto& where, const auto& words) { report(where, words); });
  // Not the server's not_found.
  if (!seen) return internal_error(seen.error().message);
  const auto& known = journal_.state().files;
  const bool is_suspicious =
      path.empty() && seen->files.empty() && seen->unreadable.empty() && known.size() >= kSuspiciousFiles;
  if (is_suspicious && !options_.accept_empty) {
    return internal_error(
        "The folder " + options_.root + " is empty, but " + std::to_string(known.size()) +
        " files were there before: is something not mounted? Nothing was published. If they were deleted, add --accept-empty.");
  }
  const auto difference = compare(*seen, known, path);
  return tell(difference.to_read, difference.gone, stop);
}

bool Watcher::was_refused(const Intent& intent) const {
  const auto found = refused_.find(intent.path);
  return found != refused_.end() && found->second == content_of(intent);
}

std::optional<Intent> Watcher::read_and_judge(const std::string& path) {
  const auto& files = journal_.state().files;
  const auto found = files.find(path);
  const Known* before = found == files.end() ? nullptr : &found->second;
  const auto file = read_file(options_.root, path);
  switch (file.outcome) {
    case ReadOutcome::read:
      break;
    case ReadOutcome::unreadable:
      report(path, file.words);
      return std::nullopt;
    case ReadOutcome::gone:
    case ReadOutcome::busy:
      if (again_.empty()) again_at_ = clock_.steady_now() + SteadyTime::duration(kLookAgainSoon);
      again_.push_back(path);
      return std::nullopt;
  }
  const Change change = judge(before, file.content.known);
  if (change == Change::none) return std::nullopt;
  Intent intent{0, change, path, file.content.known, {}};
  if (change != Change::remember) intent.body = event_body(change, path, &file.content, before, clock_.wall_now());
  return intent;
}

Status Watcher::tell(const std::vector<std::string>& to_read, const std::vector<std::string>& gone, const Stop& stop) {
  const std::size_t total = to_read.size() + gone.size();
  std::vector<Intent> group;
  for (std::size_t i = 0; i < total; ++i) {
    if (stop.requested()) return {};
    if (i < to_read.size()) {
      auto intent = read_and_judge(to_read[i]);
      if (intent && intent->change == Change::remember) {
        if (auto status = journal_.remember(intent->path, intent->now); !status) return status;
      } else if (intent && !was_refused(*intent)) {
        group.push_back(std::move(*intent));
      }
    } else {
      const std::string& path = gone[i - to_read.size()];
      const Known& before = journal_.state().files.find(path)->second;
      Intent intent{0, Change::deleted, path, before, event_body(Change::deleted, path, nullptr, &before, clock_.wall_now())};
      if (!was_refused(intent)) group.push_back(std::move(intent));
    }
    if (group.size() < kGroupMax && i + 1 < total) continue;
    if (!group.empty()) {
      if (auto status = journal_.begin(group); !status) return status;
      if (auto status = publish(std::exchange(group, {}), stop); !status) return status;
    }
    hooks_.progress(i + 1, total);
  }
  return {};
}

// --- telling ----------------------------------------------------------------------------------------------------------

void Watcher::start_call(Call& call) {
  ++call.tries;
  call.phase = Call::Phase::in_flight;
  ApiRequest request;
  request.method = "POST";
  request.path = options_.tenant_path + "/events";
  request.body = call.intent.body;
  request.headers.push_back({"Idempotency-Key", idempotency_key(journal_.state(), call.intent)});
  call.sent_at = clock_.steady_now();
  api_.start(std::move(request), [answers = answers_, sequence = call.intent.sequence](Result<ApiAnswer> answer) {
    const std::lock_guard lock(answers->mutex);
    answers->arrived.push_back({sequence, std::move(answer)});
    answers->changed.notify_one();
  });
}

Status Watcher::take(Call& call, Result<ApiAnswer> answer) {
  const bool is_passing_trouble = !answer || is_passing(answer->status);
  if (is_passing_trouble) {
    const Error error = answer ? error_of(*answer) : answer.error();
    call.phase = Call::Phase::waiting;
    call.not_before = clock_.steady_now() + std::max<std::chrono::milliseconds>(
                                                error.retry_after.value_or(std::chrono::seconds(0)), backoff(call.tries));
    return wait_for_server(error, call.not_before);
  }
  server_answers();
  call.phase = Call::Phase::done;
  if (answer->succeeded()) {
    Accepted accepted{{}, 0, call.sent_at, clock_.steady_now()};
    const auto value = json::parse(answer->body);
    if (value && value->is_object()) {
      const auto* id = value->get_object().if_contains("id");
      const auto* deliveries = value->get_object().if_contains("deliveries");
      if (id != nullptr && id->is_string()) accepted.event_id = std::string(id->get_string());
      if (deliveries != nullptr && deliveries->is_int64()) accepted.deliveries = deliveries->get_int64();
    }
    hooks_.accepted(call.intent, accepted);
    return journal_.settle(call.intent.sequence);
  }
  Error error = error_of(*answer);
  if (error.kind == ErrorKind::unauthenticated || error.kind == ErrorKind::forbidden || error.kind == ErrorKind::not_found)
    return error;
  // One bad file does not hold up the others.
  hooks_.refused(call.intent, error);
  refused_[call.intent.path] = content_of(call.intent);
  return journal_.drop(call.intent.sequence);
}

Status Watcher::publish(std::vector<Intent> intents, const Stop& stop) {
  std::vector<Call> calls;
  for (auto& intent : intents) calls.push_back({std::move(intent), Call::Phase::waiting, 0, clock_.steady_now(), {}});
  Status outcome;
  std::size_t in_flight = 0;
  std::size_t done = 0;
  while (done < calls.size()) {
    const bool winding_up = !outcome || stop.requested();
    for (auto& call : calls) {
      if (winding_up || in_flight == options_.calls_in_flight) break;
      if (call.phase != Call::Phase::waiting || clock_.steady_now() < call.not_before) continue;
      start_call(call);
      ++in_flight;
    }
    if (winding_up && in_flight == 0) break;
    std::unique_lock lock(answers_->mutex);
    answers_->changed.wait_for(lock, kLookEvery, [this] { return !answers_->arrived.empty(); });
    auto arrived = std::exchange(answers_->arrived, {});
    lock.unlock();
    for (auto& [sequence, answer] : arrived) {
      const auto call =
          std::find_if(calls.begin(), calls.end(), [wanted = sequence](const Call& c) { return c.intent.sequence == wanted; });
      if (call == calls.end()) continue;
      --in_flight;
      if (auto status = take(*call, std::move(answer)); !status && outcome) outcome = status;
      if (call->phase == Call::Phase::done) ++done;
    }
  }
  return outcome;
}

// --- running ----------------------------------------------------------------------------------------------------------

std::vector<std::string> Watcher::due_again() {
  if (again_.empty() || clock_.steady_now() < again_at_) return {};
  return std::exchange(again_, {});
}

Status Watcher::finish_open_intents(const Stop& stop) {
  std::vector<Intent> open;
  for (const auto& [sequence, intent] : journal_.state().open) open.push_back(intent);
  // One after the other where a path occurs twice: in the order of their sequences.
  while (!open.empty() && !stop.requested()) {
    std::vector<Intent> group;
    std::vector<Intent> later;
    for (auto& intent : open) {
      const bool is_there =
          std::any_of(group.begin(), group.end(), [&](const Intent& other) { return other.path == intent.path; });
      (is_there || group.size() == kGroupMax ? later : group).push_back(std::move(intent));
    }
    if (auto status = publish(std::move(group), stop); !status) return status;
    open = std::move(later);
  }
  return {};
}

Status Watcher::catch_up(const Stop& stop) {
  if (auto status = finish_open_intents(stop); !status || stop.requested()) return status;
  if (auto status = look_at("", stop); !status) return status;
  for (int round = 0; round < kBusyRounds && !again_.empty() && !stop.wait(kLookAgainSoon); ++round) {
    for (const auto& path : outermost(std::exchange(again_, {}))) {
      if (auto status = look_at(path, stop); !status) return status;
    }
  }
  if (auto status = journal_.flush(); !status) return status;
  hooks_.caught_up();
  return {};
}

Status Watcher::run(const Stop& stop) {
  if (auto status = notifier_.start(); !status) return status;
  if (auto status = catch_up(stop); !status) return status;
  auto next_look = clock_.steady_now() + options_.look_again;
  auto next_try_of_refused = next_look;
  while (!stop.requested()) {
    if (notifier_.is_partial()) {
      report("",
             "the system has no more inotify watches (fs.inotify.max_user_watches); changes are found by looking every 15 s");
      next_look = std::min(next_look, clock_.steady_now() + SteadyTime::duration(kLookAgainPartial));
    }
    auto until = next_look;
    if (!again_.empty()) until = std::min(until, again_at_);
    const auto time =
        std::chrono::ceil<std::chrono::milliseconds>(std::max(until - clock_.steady_now(), SteadyTime::duration(0)));
    std::array<pollfd, 2> poll_for{{{stop.descriptor(), POLLIN, 0}, {notifier_.descriptor(), POLLIN, 0}}};
    const int ready = poll(poll_for.data(), poll_for.size(), static_cast<int>(time.count()));
    if (ready > 0 && stop.wait(kDebounce)) break;
    auto news = notifier_.read();
    if (news.root_is_gone) return internal_error("The folder " + options_.root + " is gone. Nothing was published about that.");
    auto paths = std::move(news.changed);
    for (auto& path : due_again()) paths.push_back(std::move(path));
    if (clock_.steady_now() >= next_look) {
      paths.emplace_back();
      next_look = clock_.steady_now() + options_.look_again;
    }
    if (clock_.steady_now() >= next_try_of_refused) {
      refused_.clear();
      next_try_of_refused = next_look;
    }
    for (const auto& path : outermost(std::move(paths))) {
      if (auto status = look_at(path, stop); !status) return status;
    }
    if (auto status = journal_.flush(); !status) return status;
    hooks_.caught_up();
  }
  return journal_.flush();
}

}  // namespace posthorn::cli::watch
