#include "cli/demo/demo.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/listing.h"
#include "crypto/crypto.h"

namespace posthorn::cli::demo {
namespace {

namespace bj = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t kHealthy = 0;
constexpr std::size_t kLate = 2;
constexpr auto kLookEvery = 50ms;
constexpr auto kServerTime = 15s;
constexpr auto kPublishTime = 120s;
constexpr auto kDeliverTime = 90s;
constexpr auto kRecordTime = 15s;
constexpr auto kLiveInterval = 8ms;
constexpr std::size_t kLogLinesShown = 15;

const char* const kTenantPath = "/api/v1/tenants/default";

// Impatient, so that a demo is over in a minute; the product's default schedule spans days.
bj::array retry_schedule() {
  bj::array waits{200, 400, 800};
  while (waits.size() < 50) waits.push_back(1000);
  return waits;
}

std::vector<std::string> default_sources() {
  std::vector<std::string> sources;
  for (const char* folder : {"/usr/share/doc", "/usr/include", "/usr/share", "/usr/lib", "/etc"}) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) sources.emplace_back(folder);
  }
  return sources;
}

std::string last_lines(const std::string& file, std::size_t count) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::string text;
  for (std::size_t i = lines.size() > count ? lines.size() - count : 0; i < lines.size(); ++i)
    text += "  " + printable(lines[i]) + "\n";
  return text;
}

}  // namespace

Demo::Demo(Context& context, DemoOptions options)
    : context_(context), console_(context.console), options_(std::move(options)), started_(clock_.steady_now()) {}

Demo::~Demo() { stop_watcher(); }

void Demo::stop_watcher() {
  if (!watcher_thread_.joinable()) return;
  stop_watcher_.request();
  watcher_thread_.join();
}

void Demo::print_step(const std::string& title, const std::string& text) {
  console_.out() << console_.paint(Color::bold, title) << std::string(title.size() < 11 ? 11 - title.size() : 1, ' ') << text
                 << std::endl;
}

Status Demo::watcher_status() {
  if (server_.has_ended())
    return internal_error("The server ended. Its log says:\n" + last_lines(scratch_.folder() + "/server.log", kLogLinesShown));
  if (watcher_ended_ && !watcher_outcome_) return watcher_outcome_;
  if (refused_events_ > 0) return internal_error("The server refused " + std::to_string(refused_events_) + " events.");
  if (stop_.requested()) return Error{ErrorKind::deadline_exceeded, "interrupted", "Stopped.", {}, {}};
  return {};
}

Status Demo::wait_until(const char* what, std::chrono::seconds time, const std::function<bool()>& reached,
                        const std::function<void()>& show) {
  const auto until = clock_.steady_now() + time;
  while (!reached()) {
    if (auto status = watcher_status(); !status) return status;
    if (clock_.steady_now() > until) {
      return internal_error(std::string("Waited ") + std::to_string(time.count()) + " s in vain for " + what + ".");
    }
    show();
    (void)stop_.wait(kLookEvery);
  }
  return {};
}

// --- the steps --------------------------------------------------------------------------------------------------------

Status Demo::copy_files() {
  if (auto status = scratch_.make(); !status) return status;
  if (options_.keep) scratch_.keep();
  const auto sources = options_.folder.empty() ? default_sources() : std::vector<std::string>{options_.folder};
  const auto count = scratch_.copy_from(sources, options_.files);
  if (!count) return count.error();
  print_step("Files", count_text(*count) + " real files, copied from " +
                          (options_.folder.empty() ? "this machine's documentation and headers" : printable(options_.folder)) +
                          " to " + scratch_.watched());
  if (*count < options_.files) {
    console_.out() << "           (there are no more of at most " << bytes_text(kFileBytesMax) << ")\n";
  }
  return {};
}

Status Demo::start_server() {
  const std::string key = "demo_" + hex_encode(crypto::random_bytes(24));
  if (auto status = server_.start(scratch_.folder() + "/data", scratch_.folder() + "/server.log", key); !status) return status;
  auto base = net::parse_url(server_.url(), "url");
  if (!base) return base.error();
  api_ = std::make_unique<RemoteApi>(RemoteSettings{*base, key, {}});
  const auto is_ready = [this] {
    ApiRequest request;
    request.path = "/health/ready";
    request.timeout = 2s;
    const auto answer = call(*api_, std::move(request));
    return answer && answer->status == 200;
  };
  if (auto status = wait_until("the server to be ready", kServerTime, is_ready, [] {}); !status) return status;
  print_step("Server", "posthorn serve on " + server_.url() + ", durable: every event is on disk before it is accepted");
  return {};
}

Status Demo::open_endpoints() {
  receivers_ = {std::make_unique<Receiver>("healthy", Temper::healthy), std::make_unique<Receiver>("flaky", Temper::flaky),
                std::make_unique<Receiver>("late", Temper::healthy)};
  for (auto& receiver : receivers_) {
    if (auto status = receiver->reserve(); !status) return status;
  }
  for (const std::size_t i : {kHealthy, std::size_t{1}}) {
    if (auto status = receivers_[i]->open(); !status) return status;
  }
  print_step("Endpoints", "healthy  answers at once");
  print_step("", "flaky    answers 500 to one event in five, once or twice");
  print_step("", "late     refuses connections until everything is published");
  return {};
}

Status Demo::subscribe() {
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    ApiRequest request;
    request.method = "POST";
    request.path = std::string(kTenantPath) + "/subscriptions";
    request.body = bj::serialize(bj::object{{"url", receivers_[i]->url()},
                                            {"topics", bj::array{"document.*"}},
                                            {"description", "demo: " + receivers_[i]->name()},
                                            {"retry", bj::object{{"scheduleMs", retry_schedule()}, {"jitter", 0.2}}}});
    auto made = call_json(*api_, std::move(request));
    if (!made) return made.error();
    const auto* secret = made->is_object() ? made->get_object().if_contains("secret") : nullptr;
    if (secret == nullptr || !secret->is_string()) return internal_error("The server gave no secret.");
    secrets_[i] = std::string(secret->get_string());
  }
  return {};
}

Status Demo::publish_folder() {
  auto journal = watch::Journal::open(scratch_.folder() + "/watch.journal", scratch_.watched());
  if (!journal) return journal.error();
  journal_ = std::move(*journal);
  watch::WatcherOptions options;
  options.root = scratch_.watched();
  options.tenant_path = kTenantPath;
  watch::WatcherHooks hooks;
  hooks.accepted = [this](const watch::Intent& intent, const watch::Accepted& accepted) {
    ledger_.add(accepted.event_id, {intent.change, ledger_.phase(), accepted.sent_at});
  };
  hooks.refused = [this](const watch::Intent&, const Error&) { ++refused_events_; };
  hooks.trouble = [](const std::string&, const std::string&) {};
  hooks.progress = [](std::size_t, std::size_t) {};
  hooks.waiting = [](const std::string&) {};
  hooks.caught_up = [this] { caught_up_ = true; };
  watcher_ = std::make_unique<watch::Watcher>(*api_, *journal_, clock_, std::move(options), std::move(hooks));
  if (auto status = watcher_->prepare(stop_); !status) return status;
  watcher_thread_ = std::thread([this] {
    watcher_outcome_ = watcher_->run(stop_watcher_);
    watcher_ended_ = true;
  });
  progress_.emplace(console_, clock_, "Publishing");
  const std::size_t total = scratch_.files().size();
  const auto started = clock_.steady_now();
  auto status = wait_until(
      "the folder to be published", kPublishTime, [&] { return caught_up_.load(); },
      [&] {
        progress_->show(
            ledger_.size(), total,
            count_text(ledger_.size()) + " of " + count_text(total) + " files, " + count_text(delivered()) + " delivered");
      });
  progress_->clear();
  if (!status) return status;
  const double seconds = std::chrono::duration<double>(clock_.steady_now() - started).count();
  print_step("Published", "an event for each file, in " + seconds_text(seconds));
  return ledger_.size() == total ? Status() : Status(internal_error("Not every file became an event."));
}

Status Demo::change_files() {
  ledger_.start_live();
  const auto& files = scratch_.files();
  const auto [edits, removals, moves] = plan_changes(files.size());
  changes_expected_ = edits + removals + 2 * moves;
  progress_.emplace(console_, clock_, "Changing");
  std::size_t at = 0;
  const auto next = [&](Status outcome) {
    const std::size_t told = ledger_.size() - files.size();
    progress_->show(told, changes_expected_, count_text(told) + " changes seen, " + count_text(delivered()) + " delivered");
    if (outcome) outcome = watcher_status();
    (void)stop_.wait(kLiveInterval);
    return outcome;
  };
  for (std::size_t i = 0; i < edits; ++i, ++at) {
    if (auto status = next(i % 2 == 0 ? scratch_.rewrite(files[at]) : scratch_.append(files[at])); !status) return status;
  }
  for (std::size_t i = 0; i < removals; ++i, ++at) {
    if (auto status = next(scratch_.remove(files[at])); !status) return status;
  }
  for (std::size_t i = 0; i < moves; ++i, ++at) {
    if (auto status = next(scratch_.move(files[at], "moved-" + std::to_string(i))); !status) return status;
  }
  const std::size_t total = files.size() + changes_expected_;
  auto status = wait_until(
      "the changes to be published", kPublishTime, [&] { return ledger_.size() >= total; },
      [&] { progress_->show(ledger_.size() - files.size(), changes_expected_, "published"); });
  progress_->clear();
  if (!status) return status;
  print_step("Changed", count_text(edits) + " files edited, " + count_text(removals) + " deleted, " + count_text(moves) +
                            " moved (each a deletion and a creation)");
  return ledger_.size() == total ? Status() : Status(internal_error("More events than changes."));
}

std::size_t Demo::delivered() const {
  std::size_t sum = 0;
  for (const auto& receiver : receivers_) sum += receiver->counts().distinct;
  return sum;
}

void Demo::show_delivering() {
  std::string note = count_text(delivered()) + " of " + count_text(ledger_.size() * receivers_.size());
  for (const auto& receiver : receivers_) note += "  " + receiver->name() + " " + count_text(receiver->counts().distinct);
  progress_->show(delivered(), ledger_.size() * receivers_.size(), note);
}

Status Demo::deliver_all() {
  if (auto status = receivers_[kLate]->open(); !status) return status;
  print_step("Late", "comes up now, with " + count_text(ledger_.size()) + " deliveries waiting for it");
  progress_.emplace(console_, clock_, "Delivering");
  const std::size_t total = ledger_.size() * receivers_.size();
  // What did not come in time is counted as missing by the report.
  auto status = wait_until("the deliveries", kDeliverTime, [&] { return delivered() >= total; }, [this] { show_delivering(); });
  progress_->clear();
  if (!status && status.error().code != "internal") return status;
  if (auto still = watcher_status(); !still) return still;
  stop_watcher();
  return watcher_outcome_;
}

// What the server itself has recorded, and a clean end.
Status Demo::finish_server() {
  const std::string list = std::string(kTenantPath) + "/deliveries";
  const auto none_pending = [&] {
    const auto pending = fetch_items(*api_, list + "?status=pending", 1);
    return pending && pending->empty();
  };
  (void)wait_until("the last attempts to be recorded", kRecordTime, none_pending, [] {});
  const auto deliveries = fetch_items(*api_, list, 0);
  if (!deliveries) return deliveries.error();
  for (const auto& item : *deliveries) {
    const auto& object = item.get_object();
    attempts_recorded_ += static_cast<std::size_t>(object.at("attempts").to_number<std::uint64_t>());
    if (object.at("status").get_string() == "succeeded") ++succeeded_recorded_;
  }
  watcher_.reset();
  api_.reset();
  server_exit_ = server_.stop();
  for (auto& receiver : receivers_) receiver->close();
  return {};
}

ExitCode Demo::run() {
  console_.out() << "Posthorn turns what happens to files into signed webhooks. All of this stays on this machine.\n\n";
  for (const auto step : {&Demo::copy_files, &Demo::start_server, &Demo::open_endpoints, &Demo::subscribe,
                          &Demo::publish_folder, &Demo::change_files, &Demo::deliver_all, &Demo::finish_server}) {
    if (auto status = (this->*step)(); !status) {
      progress_.reset();
      if (stop_.requested()) return ExitCode::interrupted;
      console_.error("The demo failed: " + describe(status.error()));
      return ExitCode::failed;
    }
  }
  return report();
}

}  // namespace posthorn::cli::demo
