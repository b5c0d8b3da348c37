#include "cli/sender.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <condition_variable>
#include <mutex>

#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr auto kLookEvery = std::chrono::milliseconds(100);
constexpr auto kBackoffFirst = std::chrono::milliseconds(500);
constexpr auto kBackoffMax = std::chrono::milliseconds(30'000);

bool is_passing(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

std::string problem_text(const bj::object& result) {
  const auto* problem = result.if_contains("problem");
  const auto* object = problem == nullptr ? nullptr : problem->if_object();
  if (object == nullptr) return "refused";
  const auto text = [&](std::string_view name) {
    const auto* value = object->if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  // "events/0/topic": the place in the batch means nothing to somebody who counts lines.
  std::string field = text("field");
  if (field.starts_with("events/")) field.erase(0, std::min(field.find('/', 7), field.size() - 1) + 1);
  return field.empty() ? text("detail") : field + ": " + text("detail");
}

}  // namespace

std::chrono::milliseconds backoff(std::uint32_t tries) {
  const auto doubled = kBackoffFirst * (std::int64_t{1} << std::min<std::uint32_t>(tries - 1, 10));
  return std::min(std::chrono::milliseconds(doubled), kBackoffMax);
}

struct Sender::Job {
  Batch batch;
  std::string body;
  std::vector<std::uint64_t> sent_lines;  // by place in the body
  enum class Phase { waiting, in_flight, done } phase = Phase::waiting;
  std::uint32_t tries = 0;
  SteadyTime not_before;
  std::optional<SteadyTime> failing_since;
  std::uint64_t accepted = 0;
  std::uint64_t deliveries = 0;
  std::vector<LineProblem> problems;
};

struct Sender::Answers {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::uint64_t, Result<ApiAnswer>>> arrived;  // by the batch's first line
};

Sender::Sender(Api& api, const Clock& clock, SenderOptions options, Hooks hooks)
    : api_(api),
      clock_(clock),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      answers_(std::make_shared<Answers>()),
      started_(clock.steady_now()) {}

Sender::~Sender() = default;

SteadyTime Sender::allowed_at(std::uint64_t events) const {
  if (options_.events_per_second <= 0) return started_;
  const std::chrono::duration<double> since(static_cast<double>(events) / options_.events_per_second);
  return started_ + std::chrono::duration_cast<SteadyTime::duration>(since);
}

void Sender::refuse(Job& job, std::uint64_t line, std::string text) { job.problems.push_back({line, std::move(text)}); }

void Sender::launch(Job& job) {
  if (job.tries == 0) {
    job.body = "{\"events\":[";
    for (auto& line : job.batch.lines) {
      if (line.event.empty()) {
        refuse(job, line.number, std::move(line.problem));
        continue;
      }
      if (!job.sent_lines.empty()) job.body += ',';
      job.body += line.event;
      job.sent_lines.push_back(line.number);
      line.event = {};
    }
    job.body += "]}";
    launched_events_ += job.sent_lines.size();
  }
  if (job.sent_lines.empty()) {
    job.phase = Job::Phase::done;
    return;
  }
  ++job.tries;
  job.phase = Job::Phase::in_flight;
  ApiRequest request;
  request.method = "POST";
  request.path = options_.events_path + "/batch";
  request.body = job.body;
  request.headers.push_back({"Idempotency-Key", run_ + "-" + std::to_string(job.batch.first_line)});
  request.timeout = std::chrono::seconds(60);
  api_.start(std::move(request), [answers = answers_, first_line = job.batch.first_line](Result<ApiAnswer> answer) {
    const std::lock_guard lock(answers->mutex);
    answers->arrived.emplace_back(first_line, std::move(answer));
    answers->changed.notify_one();
  });
}

void Sender::try_again_later(Job& job, const Error& error) {
  const auto now = clock_.steady_now();
  if (!job.failing_since) job.failing_since = now;
  const auto asked = error.retry_after.value_or(std::chrono::seconds(0));
  job.phase = Job::Phase::waiting;
  job.not_before = now + std::max<std::chrono::milliseconds>(asked, backoff(job.tries));
  progress_.waiting_for = error.message;
  if (job.not_before - *job.failing_since >= options_.patience && !fatal_) fatal_ = error;
}

void Sender::take_results(Job& job, const ApiAnswer& answer) {
  const auto value = json::parse(answer.body);
  const auto* object = value ? value->if_object() : nullptr;
  const auto* results = object == nullptr ? nullptr : object->if_contains("results");
  if (results == nullptr || !results->is_array() || results->get_array().size() != job.sent_lines.size()) {
    fatal_ = internal_error("The server's answer to a batch cannot be read.");
    return;
  }
  std::uint64_t accepted = 0;
  std::uint64_t deliveries = 0;
  std::vector<LineProblem> problems;
  for (std::size_t i = 0; i < job.sent_lines.size(); ++i) {
    const auto* result = results->get_array()[i].if_object();
    const auto* status = result == nullptr ? nullptr : result->if_contains("status");
    const int code = status != nullptr && status->is_int64() ? static_cast<int>(status->get_int64()) : 0;
    if (is_passing(code)) {
      // The whole batch goes again; what was accepted is answered as before, by its key.
      return try_again_later(job, unavailable("The server cannot accept now."));
    }
    if (code == 202) {
      ++accepted;
      const auto* count = result->if_contains("deliveries");
      if (count != nullptr && count->is_int64()) deliveries += static_cast<std::uint64_t>(count->get_int64());
    } else {
      problems.push_back({job.sent_lines[i], result == nullptr ? "refused" : problem_text(*result)});
    }
  }
  job.accepted = accepted;
  job.deliveries = deliveries;
  job.problems.insert(job.problems.end(), problems.begin(), problems.end());
  job.phase = Job::Phase::done;
  progress_.waiting_for.clear();
}

void Sender::take(Job& job, Result<ApiAnswer> answer) {
  job.phase = Job::Phase::waiting;
  if (!answer) return try_again_later(job, answer.error());
  if (answer->succeeded()) return take_results(job, *answer);
  const Error error = error_of(*answer);
  if (is_passing(answer->status)) return try_again_later(job, error);
  if (!fatal_) fatal_ = error;
}

Status Sender::settle(SendState& state) {
  std::size_t count = 0;
  for (auto& job : window_) {
    if (job.phase != Job::Phase::done) break;
    ++count;
    state.lines = job.batch.last_line;
    state.chain = job.batch.chain;
    state.accepted += job.accepted;
    state.refused += job.problems.size();
    progress_.accepted += job.accepted;
    progress_.deliveries += job.deliveries;
    progress_.refused += job.problems.size();
    progress_.input_bytes = job.batch.bytes;
    std::sort(job.problems.begin(), job.problems.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    for (auto& problem : job.problems) {
      if (progress_.problems.size() < kProblemsShown) progress_.problems.push_back(std::move(problem));
    }
  }
  if (count == 0) return {};
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(count));
  return hooks_.settled(state);
}

void Sender::feed(LineReader& reader) {
  while (!input_ended_ && window_.size() < kCallsInFlight && clock_.steady_now() >= allowed_at(launched_events_) &&
         !hooks_.stop_requested()) {
    auto next = reader.next();
    if (!next) {
      fatal_ = next.error();
      return;
    }
    if (next->state == LineReader::State::end) {
      input_ended_ = true;
      return;
    }
    if (next->state == LineReader::State::not_yet) {
      if (!reader.has_partial() || !options_.gather) return;
      const auto now = clock_.steady_now();
      if (!gathering_since_) gathering_since_ = now;
      if (now - *gathering_since_ < *options_.gather) return;
      next->batch = *reader.take_partial();
    }
    gathering_since_.reset();
    Job job;
    job.batch = std::move(next->batch);
    job.not_before = clock_.steady_now();
    window_.push_back(std::move(job));
    launch(window_.back());
  }
}

// For an answer; for more input when no answer is awaited.
void Sender::wait(LineReader& reader) {
  if (window_.empty() && !input_ended_ && clock_.steady_now() >= allowed_at(launched_events_)) {
    return reader.source().wait(kLookEvery);
  }
  std::unique_lock lock(answers_->mutex);
  answers_->changed.wait_for(lock, kLookEvery, [this] { return !answers_->arrived.empty(); });
  auto arrived = std::exchange(answers_->arrived, {});
  lock.unlock();
  for (auto& [first_line, answer] : arrived) {
    const auto job = std::find_if(window_.begin(), window_.end(),
                                  [first = first_line](const Job& j) { return j.batch.first_line == first; });
    if (job != window_.end()) take(*job, std::move(answer));
  }
}

Status Sender::run(LineReader& reader, SendState& state) {
  run_ = state.run;
  started_ = clock_.steady_now();
  while (true) {
    const bool winding_up = fatal_ || hooks_.stop_requested();
    if (!winding_up) feed(reader);
    for (auto& job : window_) {
      if (!winding_up && job.phase == Job::Phase::waiting && clock_.steady_now() >= job.not_before) launch(job);
    }
    if (auto status = settle(state); !status) return status;
    hooks_.progress(progress_);

    const bool any_in_flight =
        std::any_of(window_.begin(), window_.end(), [](const Job& job) { return job.phase == Job::Phase::in_flight; });
    if (!any_in_flight && (winding_up || (input_ended_ && window_.empty()))) break;
    wait(reader);
  }
  if (fatal_) return *fatal_;
  return {};
}

}  // namespace posthorn::cli
