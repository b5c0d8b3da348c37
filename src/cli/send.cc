// posthorn send: one event, or JSON Lines of any length.
#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <filesystem>

#include "base/limits.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/progress.h"
#include "cli/sender.h"
#include "cli/signals.h"
#include "domain/outbound/format.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr int kTriesOfOne = 5;
constexpr auto kGatherTime = std::chrono::milliseconds(200);

struct SendOptions {
  std::shared_ptr<RemoteOptions> remote;
  std::string topic;
  std::string data;
  std::string data_file;
  std::string id;
  std::string time;
  std::string user;
  std::string scope;
  std::string idempotency_key;
  std::string lines;
  std::string state_file;
  std::size_t batch = 100;
  double rate = 0;
  std::string patience = "5m";
  std::vector<std::string> given;  // of the options that are for one event or for many
};

constexpr std::array<const char*, 5> kForOne{"id", "time", "user", "scope", "idempotency-key"};
constexpr std::array<const char*, 4> kForMany{"resume", "batch", "rate", "patience"};

// Nothing that was asked for is left undone in silence.
Status check_given(const SendOptions& options) {
  for (const auto& name : options.given) {
    const bool is_for_one = std::find(kForOne.begin(), kForOne.end(), name) != kForOne.end();
    if (is_for_one && !options.lines.empty()) {
      const bool is_member = name != "idempotency-key";
      return invalid(name, "--" + name + " is for one event and does nothing with --lines." +
                               (is_member ? " A line may carry it: {\"topic\":…,\"" + name + "\":…,\"data\":…}" : ""));
    }
    if (!is_for_one && options.lines.empty()) return invalid(name, "--" + name + " is for many events and needs --lines FILE.");
  }
  return {};
}

std::string random_name() { return hex_encode(crypto::random_bytes(12)); }

// --- one event --------------------------------------------------------------------------------------------------------

Result<std::string> event_body(const SendOptions& options) {
  std::string data = options.data;
  if (!options.data_file.empty()) {
    auto text = read_input(options.data_file, "data-file", kEventBodyBytesCeiling);
    if (!text) return text.error();
    data = std::move(*text);
  }
  while (!data.empty() && (data.back() == '\n' || data.back() == '\r' || data.back() == ' ')) data.pop_back();
  auto event = event_of_line(data, options.topic);
  if (!event) return invalid("data", "The data is not JSON: " + event.error().message);
  event->pop_back();
  for (const auto& [name, value] :
       {std::pair{"id", options.id}, {"time", options.time}, {"user", options.user}, {"scope", options.scope}}) {
    if (!value.empty()) *event += ",\"" + std::string(name) + "\":" + domain::json_quoted(value);
  }
  return *event + "}";
}

ExitCode send_one(Context& context, const SendOptions& options, Api& api, const Stop& stop) {
  if (options.topic.empty())
    return fail_usage(context, invalid("topic", "Give a topic and the data: posthorn send TOPIC '{\"id\":1}'"));
  if (options.data.empty() == options.data_file.empty()) {
    return fail_usage(context,
                      invalid("data", "Give the data once: after the topic, or with --data-file FILE (- is standard input)."));
  }
  auto body = event_body(options);
  if (!body) return fail_usage(context, body.error());
  ApiRequest request;
  request.method = "POST";
  request.path = tenant_path(*options.remote, "/events");
  request.body = std::move(*body);
  // With a key of its own a call that is tried again publishes nothing twice.
  request.headers.push_back({"Idempotency-Key", options.idempotency_key.empty() ? random_name() : options.idempotency_key});

  for (std::uint32_t tries = 1;; ++tries) {
    auto answer = call_json(api, request);
    if (answer) {
      const auto* object = answer->if_object();
      if (options.remote->json || object == nullptr) {
        context.console.out() << bj::serialize(*answer) << "\n";
      } else {
        const std::string deliveries = field_text(*object, {"", "deliveries"});
        context.console.out() << "Accepted " << printable(field_text(*object, {"", "id"})) << " for " << deliveries
                              << (deliveries == "1" ? " delivery\n" : " deliveries\n");
      }
      return ExitCode::ok;
    }
    const bool has_answered = answer.error().retry_after.has_value() && answer.error().code == "remote";
    if (exit_code_of(answer.error()) != ExitCode::unavailable || !has_answered || tries == kTriesOfOne)
      return fail(context, answer.error());
    const auto wait = std::max<std::chrono::milliseconds>(*answer.error().retry_after, backoff(tries));
    context.console.warning(answer.error().message + " Trying again in " +
                            seconds_text(std::chrono::duration<double>(wait).count()) + ".");
    if (stop.wait(wait)) return ExitCode::interrupted;
  }
}

// --- many lines -------------------------------------------------------------------------------------------------------

// Reads over what an earlier run settled, and checks that it is the same input. Answers whether it got there.
Result<bool> skip_settled(LineReader& reader, const SendState& state, const Stop& stop) {
  if (state.lines == 0) return true;
  const auto skipped = reader.skip(state.lines, [&stop] { return stop.requested(); });
  if (!skipped) return skipped.error();
  if (*skipped < state.lines && stop.requested()) return false;
  if (*skipped < state.lines || reader.chain() != state.chain) {
    return invalid("resume", "The input's first " + std::to_string(state.lines) +
                                 " lines are not the ones that were sent before. Use another state file for another input.");
  }
  return true;
}

Result<SendState> first_state(const SendOptions& options, const SendTarget& target, Console& console) {
  SendState state;
  state.run = random_name();
  state.batch_lines = options.batch;
  if (!options.state_file.empty()) {
    auto kept = load_state(options.state_file);
    if (!kept) return kept.error();
    if (*kept) {
      if (auto status = check_target(**kept, target, options.state_file); !status) return status.error();
      state = std::move(**kept);
      if (state.batch_lines != options.batch) {
        console.warning("Going on with batches of " + std::to_string(state.batch_lines) + ", as the run began.");
      }
    }
  }
  state.target = target;
  return state;
}

void show_progress(Progress& line, const SendProgress& progress, std::uint64_t total_bytes, SteadyTime started,
                   const Clock& clock) {
  const double seconds = std::chrono::duration<double>(clock.steady_now() - started).count();
  const auto rate = static_cast<std::uint64_t>(seconds > 0 ? static_cast<double>(progress.accepted) / seconds : 0);
  std::string note = count_text(progress.accepted) + " accepted, " + count_text(rate) + "/s";
  if (progress.refused > 0) note += ", " + count_text(progress.refused) + " refused";
  if (!progress.waiting_for.empty()) note += "  (waiting: " + printable(progress.waiting_for) + ")";
  line.show(progress.input_bytes, total_bytes, note);
}

struct Outcome {
  Status status;
  bool had_more = true;  // than an earlier run had settled
  double seconds = 0;
};

void print_summary(Context& context, const SendOptions& options, const SendProgress& progress, const SendState& state,
                   const Outcome& outcome) {
  auto& console = context.console;
  if (options.remote->json) {
    bj::array problems;
    for (const auto& problem : progress.problems) problems.push_back({{"line", problem.line}, {"problem", problem.text}});
    console.out() << bj::serialize(bj::object{{"accepted", progress.accepted},
                                              {"refused", progress.refused},
                                              {"deliveries", progress.deliveries},
                                              {"lines", state.lines},
                                              {"totalAccepted", state.accepted},
                                              {"totalRefused", state.refused},
                                              {"finished", state.finished},
                                              {"problems", std::move(problems)}})
                  << "\n";
    return;
  }
  for (const auto& problem : progress.problems) {
    console.err() << "line " << problem.line << ": " << printable(problem.text) << "\n";
  }
  if (progress.refused > progress.problems.size()) {
    console.err() << "… and " << count_text(progress.refused - progress.problems.size()) << " more\n";
  }
  if (!outcome.had_more && state.finished) {
    console.out() << "Nothing new after line " << count_text(state.lines) << ": " << count_text(state.accepted) << " accepted, "
                  << count_text(state.refused) << " refused before.\n";
    return;
  }
  console.out() << count_text(progress.accepted) << " accepted, " << count_text(progress.refused) << " refused, "
                << count_text(progress.deliveries) << " deliveries, in " << seconds_text(outcome.seconds) << "\n";
}

ExitCode summarize(Context& context, const SendOptions& options, const SendProgress& progress, const SendState& state,
                   const Outcome& outcome) {
  print_summary(context, options, progress, state, outcome);
  if (!state.finished && !options.state_file.empty()) {
    context.console.err() << "Settled up to line " << state.lines << ". The same command goes on from there.\n";
  }
  if (!outcome.status) return fail(context, outcome.status.error());
  if (!state.finished) return ExitCode::interrupted;
  return state.refused > 0 ? ExitCode::failed : ExitCode::ok;
}

ExitCode send_lines(Context& context, const SendOptions& options, const SendTarget& target, Api& api, const Stop& stop,
                    std::chrono::milliseconds patience) {
  auto source = DescriptorSource::open(options.lines, stop);
  if (!source) return fail_usage(context, source.error());
  std::error_code error;
  const auto size = options.lines == "-" ? 0 : std::filesystem::file_size(options.lines, error);
  const std::uint64_t total_bytes = error ? 0 : size;
  auto state = first_state(options, target, context.console);
  if (!state) return fail_usage(context, state.error());
  state->finished = false;
  LineReader reader(**source, options.topic, state->batch_lines);
  const auto ready = skip_settled(reader, *state, stop);
  if (!ready) return fail_usage(context, ready.error());
  if (!*ready) return ExitCode::interrupted;

  SystemClock clock;
  const auto started = clock.steady_now();
  Progress line(context.console, clock, "Sending");
  const auto keep = [&](const SendState& reached) -> Status {
    return options.state_file.empty() ? Status() : save_state(options.state_file, reached);
  };
  if (auto status = keep(*state); !status) return fail(context, status.error());
  const std::uint64_t lines_before = state->lines;
  SenderOptions sending{tenant_path(*options.remote, "/events"), options.rate, patience};
  if (options.state_file.empty()) sending.gather = kGatherTime;
  Sender sender(api, clock, std::move(sending),
                {[&] { return stop.requested(); }, keep,
                 [&](const SendProgress& progress) { show_progress(line, progress, total_bytes, started, clock); }});
  Outcome outcome;
  outcome.status = sender.run(reader, *state);
  line.clear();
  if (outcome.status && !stop.requested()) {
    state->finished = true;
    outcome.status = keep(*state);
  }
  outcome.had_more = state->lines > lines_before || lines_before == 0;
  outcome.seconds = std::chrono::duration<double>(clock.steady_now() - started).count();
  return summarize(context, options, sender.progress(), *state, outcome);
}

ExitCode send(Context& context, const SendOptions& options) {
  auto settings = remote_settings(context, *options.remote);
  if (!settings) return fail_usage(context, settings.error());
  const auto patience = app::parse_duration(options.patience);
  if (!patience) return fail_usage(context, invalid("patience", "--patience takes a time as 30s or 5m."));
  const bool has_data = !options.data.empty() || !options.data_file.empty();
  if (!options.lines.empty() && has_data)
    return fail_usage(context, invalid("lines", "--lines brings the data; leave out the other."));
  if (auto status = check_given(options); !status) return fail_usage(context, status.error());
  const StopSignal stop;
  RemoteApi api(*settings);
  const SendTarget target{settings->base.text(), options.remote->tenant, options.topic};
  return options.lines.empty() ? send_one(context, options, api, stop)
                               : send_lines(context, options, target, api, stop, *patience);
}

}  // namespace

void add_send_command(CLI::App& root, Context& context) {
  auto* command =
      add_command(root, "send", "Publish one event, or a file of them",
                  "  posthorn send document.created '{\"id\":17,\"title\":\"Report\"}'\n"
                  "  posthorn send document.created --data-file document.json --user alice\n"
                  "  posthorn send --lines events.jsonl --resume events.state    # {\"topic\":...,\"data\":...} a line\n"
                  "  generate | posthorn send document.created --lines - --rate 500   # each line is the data\n");
  auto options = std::make_shared<SendOptions>();
  options->remote = add_remote_options(*command);
  command->add_option("topic", options->topic, "The topic; with --lines: of every line, which then is the data alone")
      ->type_name("TOPIC");
  command->add_option("data", options->data, "The data, any JSON value")->type_name("JSON");
  command->add_option("--data-file", options->data_file, "File with the data; - is standard input")->type_name("FILE");
  command->add_option("--id", options->id, "Your own id for the event")->type_name("TEXT");
  command->add_option("--time", options->time, "When it happened (default: now)")->type_name("RFC3339");
  command->add_option("--user", options->user, "Who did it")->type_name("TEXT");
  command->add_option("--scope", options->scope, "The scope it belongs to")->type_name("NAME");
  command->add_option("--idempotency-key", options->idempotency_key, "Sending it again under this key publishes nothing twice")
      ->type_name("TEXT");
  command->add_option("--lines", options->lines, "JSON Lines file with many events; - is standard input")
      ->type_name("FILE")
      ->group("Many events");
  command
      ->add_option("--resume", options->state_file,
                   "File that remembers how far it got; a run that is repeated goes on from there")
      ->type_name("FILE")
      ->group("Many events");
  command->add_option("--batch", options->batch, "Events in one call (default 100)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kBatchEventsMax))
      ->group("Many events");
  command->add_option("--rate", options->rate, "At most so many events a second")
      ->type_name("N")
      ->check(CLI::PositiveNumber)
      ->group("Many events");
  command->add_option("--patience", options->patience, "How long to wait for a server that is busy or away (default 5m)")
      ->type_name("TIME")
      ->group("Many events");
  add_json_option(*command, *options->remote);
  command->callback([command, &context, options] {
    const auto note = [&](const char* name) {
      if (command->get_option("--" + std::string(name))->count() > 0) options->given.emplace_back(name);
    };
    std::for_each(kForOne.begin(), kForOne.end(), note);
    std::for_each(kForMany.begin(), kForMany.end(), note);
    context.action = [&context, options] { return send(context, *options); };
  });
}

}  // namespace posthorn::cli
