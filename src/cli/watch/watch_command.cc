// posthorn watch: webhooks of the files under a folder.
#include <CLI/App.hpp>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "base/text.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/watch/watcher.h"
#include "crypto/crypto.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;
using watch::Change;

struct WatchOptions {
  std::shared_ptr<RemoteOptions> remote;
  std::string folder;
  std::string state_file;
  std::vector<std::string> ignored;
  std::string look_again = "5m";
  std::string patience = "1m";
  bool once = false;
  bool accept_empty = false;
};

// $XDG_STATE_HOME/posthorn/watch-<digest>.journal (XDG Base Directory Specification), or ~/.local/state.
Result<std::string> default_state_file(const Context& context, const std::string& purpose) {
  const auto variable = [&](const char* name) {
    const char* text = context.environment(name);
    return std::string(text == nullptr ? "" : text);
  };
  std::string base = variable("XDG_STATE_HOME");
  if (base.empty() && !variable("HOME").empty()) base = variable("HOME") + "/.local/state";
  if (base.empty()) return invalid("state", "Neither XDG_STATE_HOME nor HOME is set: name a file with --state FILE.");
  std::error_code error;
  std::filesystem::create_directories(base + "/posthorn", error);
  if (error) return internal_error("Cannot make " + base + "/posthorn: " + error.message());
  const auto digest = crypto::sha256(purpose);
  return base + "/posthorn/watch-" + hex_encode({reinterpret_cast<const char*>(digest.data()), 8}) + ".journal";
}

// A pattern that matches exactly this path.
std::string exactly(const std::string& path) {
  std::string pattern;
  for (const char c : path) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

// The journal changes at every event: when it lies in the folder it must not be one itself.
void ignore_state(std::vector<std::string>& ignored, const std::string& root, const std::string& state_file) {
  std::error_code error;
  const std::string full = std::filesystem::weakly_canonical(std::filesystem::absolute(state_file), error).string();
  if (error || !full.starts_with(root + "/")) return;
  for (const char* suffix : {"", ".lock", ".new"}) ignored.push_back(exactly(full.substr(root.size() + 1) + suffix));
}

// Counts, and shows each event once the first look is over.
class Report {
 public:
  Report(Context& context, const WatchOptions& options, const Clock& clock)
      : console_(context.console), options_(options), progress_(context.console, clock, "Looking at " + options.folder) {}

  void accepted(const watch::Intent& intent, const watch::Accepted& accepted) {
    ++counts_[static_cast<std::size_t>(intent.change)];
    if (options_.remote->json) {
      console_.out() << bj::serialize(bj::object{{"change", watch::to_text(intent.change)},
                                                 {"path", printable(intent.path)},
                                                 {"event", accepted.event_id},
                                                 {"deliveries", accepted.deliveries}})
                     << std::endl;
    } else if (is_live_) {
      progress_.clear();
      console_.out() << console_.paint(color_of(intent.change), "document." + std::string(watch::to_text(intent.change)))
                     << "  " << printable(intent.path)
                     << (intent.change == Change::deleted ? "" : "  " + bytes_text(intent.now.stamp.size)) << std::endl;
    }
  }
  void refused(const watch::Intent& intent, const Error& error) {
    ++refused_;
    progress_.clear();
    console_.error("The server refused the event about " + printable(intent.path) + ": " + describe(error));
  }
  void trouble(const std::string& path, const std::string& words) {
    any_trouble_ = true;
    progress_.clear();
    console_.warning(path.empty() ? words : printable(path) + ": " + words);
  }
  void waiting(const std::string& why) {
    progress_.clear();
    if (why.empty()) {
      console_.err() << "The server accepts again.\n";
    } else {
      console_.warning(why + " Waiting; nothing is lost meanwhile.");
    }
  }
  void look_progress(std::size_t done, std::size_t total) {
    if (!is_live_) progress_.show(done, total, count_text(done) + " of " + count_text(total) + " files");
  }
  void caught_up() {
    progress_.clear();
    if (is_live_) return;
    is_live_ = true;
    console_.err() << "Caught up: " << summary() << ".";
    if (!options_.once) console_.err() << " Watching; stop with Ctrl-C.";
    console_.err() << std::endl;
  }
  bool any_refused() const { return refused_ > 0; }
  bool any_trouble() const { return any_trouble_; }  // something could not be read
  std::string summary() const {
    const auto count = [&](Change change) { return count_text(counts_[static_cast<std::size_t>(change)]); };
    std::string text =
        count(Change::created) + " created, " + count(Change::edited) + " edited, " + count(Change::deleted) + " deleted";
    if (refused_ > 0) text += ", " + count_text(refused_) + " refused";
    return text;
  }

 private:
  static Color color_of(Change change) {
    switch (change) {
      case Change::created:
        return Color::green;
      case Change::edited:
        return Color::yellow;
      case Change::deleted:
        return Color::red;
      case Change::none:
      case Change::remember:
        break;
    }
    return Color::plain;
  }

  Console& console_;
  const WatchOptions& options_;
  Progress progress_;
  std::array<std::uint64_t, 5> counts_{};
  std::uint64_t refused_ = 0;
  bool any_trouble_ = false;
  bool is_live_ = false;
};

watch::WatcherHooks hooks_of(Report& report) {
  return {[&report](const auto& intent, const auto& accepted) { report.accepted(intent, accepted); },
          [&report](const auto& intent, const auto& error) { report.refused(intent, error); },
          [&report](const auto& path, const auto& words) { report.trouble(path, words); },
          [&report](std::size_t done, std::size_t total) { report.look_progress(done, total); },
          [&report](const auto& why) { report.waiting(why); },
          [&report] { report.caught_up(); }};
}

Result<watch::WatcherOptions> watcher_options(const WatchOptions& options) {
  const auto look_again = app::parse_duration(options.look_again);
  const auto patience = app::parse_duration(options.patience);
  if (!look_again || look_again->count() < 1000) return invalid("rescan", "--rescan takes a time from 1s, as 5m.");
  if (!patience) return invalid("patience", "--patience takes a time as 30s or 5m.");
  std::error_code error;
  const auto root = std::filesystem::canonical(options.folder, error);
  if (error || !std::filesystem::is_directory(root, error))
    return invalid("folder", options.folder + " is not a folder that can be read.");
  watch::WatcherOptions result;
  result.root = root.string();
  result.tenant_path = tenant_path(*options.remote, "");
  result.ignored = options.ignored;
  result.look_again = *look_again;
  // Beside a server that is down, a watch waits and a run from a timer ends.
  if (options.once) result.patience = *patience;
  result.accept_empty = options.accept_empty;
  return result;
}

ExitCode watch_folder(Context& context, const WatchOptions& options) {
  auto settings = remote_settings(context, *options.remote);
  if (!settings) return fail_usage(context, settings.error());
  auto chosen = watcher_options(options);
  if (!chosen) return fail_usage(context, chosen.error());
  const std::string purpose = chosen->root + "\n" + settings->base.text() + "\n" + options.remote->tenant;
  auto state_file = options.state_file.empty() ? default_state_file(context, purpose) : Result<std::string>(options.state_file);
  if (!state_file) return fail_usage(context, state_file.error());
  ignore_state(chosen->ignored, chosen->root, *state_file);
  auto journal = watch::Journal::open(*state_file, purpose);
  if (!journal) return fail_here(context, journal.error());

  const StopSignal stop;
  SystemClock clock;
  Report report(context, options, clock);
  RemoteApi api(*settings);
  watch::Watcher watcher(api, **journal, clock, std::move(*chosen), hooks_of(report));
  auto status = watcher.prepare(stop);
  if (status && !stop.requested()) status = options.once ? watcher.catch_up(stop) : watcher.run(stop);
  if (!status) return fail(context, status.error());
  if (!options.once) context.console.err() << "Stopped: " << report.summary() << ".\n";
  if (options.once && stop.requested()) return ExitCode::interrupted;
  const bool is_incomplete = report.any_refused() || (options.once && report.any_trouble());
  return is_incomplete ? ExitCode::failed : ExitCode::ok;
}

}  // namespace

void add_watch_command(CLI::App& root, Context& context) {
  auto* command = add_command(root, "watch", "Publish document.created, .edited and .deleted for the files under a folder",
                              "  posthorn watch ~/Documents\n"
                              "  posthorn watch /srv/assets --tenant acme --ignore '*.tmp' --ignore '.git'\n"
                              "  posthorn watch /srv/assets --once       # tell what changed since the last run, and end\n"
                              "What changed while it was not running is told when it starts again.\n");
  auto options = std::make_shared<WatchOptions>();
  options->remote = add_remote_options(*command);
  command->add_option("folder", options->folder, "The folder")->required()->type_name("DIR");
  command->add_option("--ignore", options->ignored, "Shell pattern of names or paths to leave out; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command->add_flag("--once", options->once, "Tell what changed since the last run, and end");
  command
      ->add_option("--state", options->state_file,
                   "File that remembers what was published (default: below ~/.local/state/posthorn)")
      ->type_name("FILE");
  command->add_option("--rescan", options->look_again, "Look at everything again this often (default 5m)")->type_name("TIME");
  command->add_option("--patience", options->patience, "With --once: how long to wait for the server (default 1m)")
      ->type_name("TIME");
  command->add_flag("--accept-empty", options->accept_empty, "An empty folder means that all files were deleted");
  add_json_option(*command, *options->remote);
  command->callback([&context, options] { context.action = [&context, options] { return watch_folder(context, *options); }; });
}

}  // namespace posthorn::cli
