// posthorn listen: a local endpoint that shows what arrives.
#include <unistd.h>

#include <CLI/App.hpp>
#include <array>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <mutex>

#include "cli/arrival_text.h"
#include "cli/command.h"
#include "cli/endpoint.h"
#include "cli/listing.h"
#include "cli/signals.h"
#include "cli/verdict.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr auto kLookEvery = std::chrono::seconds(2);

struct ListenOptions {
  std::shared_ptr<RemoteOptions> remote;
  std::string listen = "127.0.0.1:0";
  std::string secret;
  std::string secret_file;
  std::vector<std::string> topics;
  std::string public_url;
  int status = 200;
  std::uint64_t count = 0;
  bool verbose = false;
};

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

Result<Address> address_of(const std::string& listen) {
  app::Config config;
  for (const auto& option : app::options()) {
    if (option.name != "listen") continue;
    if (auto status = option.set(config, listen); !status) return status.error();
  }
  return Address{config.listen_host, config.listen_port};
}

std::string text_of(const Address& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::string machine_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? printable(name.data()) : "?";
}

// Nobody listens there: we could.
bool is_free(const std::string& text) {
  const auto address = address_of(text);
  if (!address || address->port == 0) return false;
  Endpoint probe([](const Arrival&) { return 503; });
  return probe.start(address->host, address->port).has_value();
}

// A subscription that lives as long as the command.
class OwnSubscription {
 public:
  OwnSubscription(Api& api, const RemoteOptions& options) : api_(api), options_(options) {}
  ~OwnSubscription() {
    if (id_.empty()) return;
    ApiRequest request;
    request.method = "DELETE";
    request.path = path();
    request.timeout = std::chrono::seconds(5);
    (void)call(api_, std::move(request));
  }
  OwnSubscription(const OwnSubscription&) = delete;
  OwnSubscription& operator=(const OwnSubscription&) = delete;

  // Deletes what a listen of this machine left when it was killed: nobody serves its address any more. Answers how many.
  std::size_t remove_stale() {
    const auto found = fetch_items(api_, tenant_path(options_, "/subscriptions"), 0);
    if (!found) return 0;  // the call that follows says why
    std::size_t removed = 0;
    for (const auto& item : *found) {
      const auto* object = item.if_object();
      const auto* text = object == nullptr ? nullptr : object->if_contains("description");
      const auto* id = object == nullptr ? nullptr : object->if_contains("id");
      if (text == nullptr || id == nullptr || !text->is_string() || !id->is_string()) continue;
      const std::string_view description = text->get_string();
      if (!description.starts_with(mark_) || !is_free(std::string(description.substr(mark_.size())))) continue;
      ApiRequest request;
      request.method = "DELETE";
      request.path = tenant_path(options_, "/subscriptions/" + path_segment(std::string(id->get_string())));
      if (call_json(api_, std::move(request))) ++removed;
    }
    return removed;
  }

  // Answers the secret.
  Result<std::string> make(const std::string& url, const std::string& address, const std::vector<std::string>& topics) {
    bj::array patterns;
    for (const auto& topic : topics) patterns.emplace_back(topic);
    ApiRequest request;
    request.method = "POST";
    request.path = tenant_path(options_, "/subscriptions");
    request.body = bj::serialize(bj::object{{"url", url},
                                            {"topics", std::move(patterns)},
                                            {"description", mark_ + address},
                                            {"retry", bj::object{{"scheduleMs", bj::array{500, 2000, 5000}}}}});
    auto made = call_json(api_, std::move(request));
    if (!made) return made.error();
    const auto* object = made->if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("id");
    const auto* secret = object == nullptr ? nullptr : object->if_contains("secret");
    if (id == nullptr || secret == nullptr || !id->is_string() || !secret->is_string())
      return internal_error("The server's answer has no id or secret.");
    id_ = std::string(id->get_string());
    return std::string(secret->get_string());
  }

  // Whether an attempt to reach us was refused by the server's own peer filter.
  bool is_blocked() {
    ApiRequest request;
    request.path = tenant_path(options_, "/deliveries") + query_text({{"subscription", id_}, {"limit", "1"}});
    const auto delivery = first_item(std::move(request));
    const auto* id = delivery ? delivery->if_contains("id") : nullptr;
    if (id == nullptr || !id->is_string()) return false;
    ApiRequest attempts;
    attempts.path = tenant_path(options_, "/deliveries/" + std::string(id->get_string()) + "/attempts");
    const auto attempt = first_item(std::move(attempts));
    const auto* failure = attempt ? attempt->if_contains("failure") : nullptr;
    return failure != nullptr && failure->is_string() && failure->get_string() == "blocked";
  }

 private:
  std::string path() const { return tenant_path(options_, "/subscriptions/" + path_segment(id_)); }

  std::optional<bj::object> first_item(ApiRequest request) {
    auto page = call_json(api_, std::move(request));
    if (!page || !page->is_object()) return std::nullopt;
    auto* items = page->get_object().if_contains("items");
    if (items == nullptr || !items->is_array() || items->get_array().empty()) return std::nullopt;
    auto* item = items->get_array().front().if_object();
    return item == nullptr ? std::nullopt : std::optional(*item);
  }

  Api& api_;
  const RemoteOptions& options_;
  const std::string mark_ = "posthorn listen (temporary) on " + machine_name() + ", ";
  std::string id_;
};

struct Listener {
  Context& context;
  const ListenOptions& options;
  std::mutex mutex;  // the endpoint's thread and the command's both write
  std::string secret;
  std::atomic<std::uint64_t> arrived = 0;
  std::uint64_t invalid = 0;
  StopSwitch enough;

  int receive(const Arrival& arrival) {
    const std::lock_guard lock(mutex);
    std::optional<domain::SignatureVerdict> verdict;
    if (!secret.empty()) verdict = verify_arrival(arrival, secret);
    const bool is_refused = verdict && *verdict != domain::SignatureVerdict::valid;
    const int status = is_refused ? 401 : options.status;
    if (is_refused) ++invalid;
    auto& console = context.console;
    console.out() << (options.remote->json ? arrival_json(arrival, verdict, status) + "\n"
                                           : arrival_text(console, arrival, verdict, status, options.verbose))
                  << std::flush;
    if (++arrived == options.count) enough.request();
    return status;
  }
};

ExitCode wait_for_end(Context& context, Listener& listener, const StopSignal& stop, OwnSubscription* own) {
  const auto look_again = [&] {
    const bool is_unsure = own != nullptr && listener.arrived == 0;
    return is_unsure ? std::optional<std::chrono::milliseconds>(kLookEvery) : std::nullopt;
  };
  while (!wait_for_either(stop, listener.enough, look_again())) {
    if (own == nullptr || listener.arrived > 0 || !own->is_blocked()) continue;
    context.console.error(
        "The server refuses to deliver to this machine: its peer filter allows public addresses only.\n"
        "Start it with: posthorn serve --allow-peer 127.0.0.0/8");
    return ExitCode::failed;
  }
  return listener.invalid > 0 ? ExitCode::failed : ExitCode::ok;
}

ExitCode listen(Context& context, const ListenOptions& options) {
  auto address = address_of(options.listen);
  if (!address) return fail_usage(context, address.error());
  auto secret = find_secret(context, options.secret, options.secret_file);
  if (!secret) return fail_usage(context, secret.error());

  const StopSignal stop;
  Listener listener{context, options, {}, *secret, {}, {}, {}};
  Endpoint endpoint([&listener](const Arrival& arrival) { return listener.receive(arrival); });
  if (auto status = endpoint.start(address->host, address->port); !status) return fail_here(context, status.error());
  const std::string served = text_of({address->host, endpoint.port()});
  const std::string url = "http://" + served + "/";

  std::optional<RemoteApi> api;
  std::optional<OwnSubscription> own;
  if (!options.topics.empty()) {
    auto settings = remote_settings(context, *options.remote);
    if (!settings) return fail_usage(context, settings.error());
    api.emplace(*settings);
    own.emplace(*api, *options.remote);
    if (const auto removed = own->remove_stale(); removed > 0) {
      context.console.warning("Removed " + count_text(removed) + " subscription" + (removed == 1 ? "" : "s") +
                              " of a listen that was killed.");
    }
    auto made = own->make(options.public_url.empty() ? url : options.public_url, served, options.topics);
    if (!made) return fail(context, made.error());
    const std::lock_guard lock(listener.mutex);
    listener.secret = *made;
  }
  {
    const std::lock_guard lock(listener.mutex);
    context.console.err() << "Listening on " << url << (own ? ", subscribed for as long as this runs" : "")
                          << (listener.secret.empty() ? " (signatures are not checked: no secret given)" : "")
                          << ". Stop with Ctrl-C.\n";
  }
  const ExitCode code = wait_for_end(context, listener, stop, own ? &*own : nullptr);
  own.reset();
  endpoint.stop();
  context.console.err() << count_text(listener.arrived) << " arrived"
                        << (listener.invalid > 0 ? ", " + count_text(listener.invalid) + " not valid" : "") << ".\n";
  return code;
}

}  // namespace

void add_listen_command(CLI::App& root, Context& context) {
  auto* command =
      add_command(root, "listen", "Open an endpoint on this machine and show what arrives",
                  "  posthorn listen --subscribe 'document.*'          # subscribes itself, and unsubscribes at the end\n"
                  "  POSTHORN_SECRET=whsec_... posthorn listen --listen 127.0.0.1:9000\n"
                  "  posthorn listen --subscribe '**' --status 503     # be an endpoint that fails\n"
                  "  posthorn listen --subscribe '**' --json --count 1 # one delivery, for a script\n");
  auto options = std::make_shared<ListenOptions>();
  options->remote = add_remote_options(*command);
  command->add_option("--listen", options->listen, "Where to listen (default: any free port of 127.0.0.1)")
      ->type_name("HOST:PORT");
  command->add_option("--subscribe", options->topics, "Subscribe to this topic pattern meanwhile; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command->add_option("--public-url", options->public_url, "The URL under which the server reaches this endpoint")
      ->type_name("URL");
  add_secret_options(*command, options->secret, options->secret_file);
  command->add_option("--status", options->status, "Answer with this status (default 200)")
      ->type_name("N")
      ->check(CLI::Range(200, 599));
  command->add_option("--count", options->count, "End after so many deliveries")->type_name("N");
  command->add_flag("-v,--verbose", options->verbose, "Show the headers too")->group("Output");
  add_json_option(*command, *options->remote);
  command->callback([&context, options] { context.action = [&context, options] { return listen(context, *options); }; });
}

}  // namespace posthorn::cli
