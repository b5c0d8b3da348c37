#include "app/wiring.h"

#include <sys/resource.h>
#include <unistd.h>

#include <future>

#include "api/native/native_api.h"
#include "api/native/openapi_document.h"
#include "api/oauth/oauth_routes.h"
#include "api/orangelogic/orangelogic_api.h"
#include "api/orchestry/orchestry_api.h"
#include "api/ovation/ovation_api.h"
#include "app/data_folder.h"
#include "app/key_ring.h"
#include "domain/outbound/lane_document.h"
#include "domain/outbound/retention.h"
#include "observe/log.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::app {
namespace {

constexpr auto kClockTolerance = 2s;  // keys may run ahead a little, and clocks are corrected a little
constexpr auto kDrainEndTime = 1s;  // of the grace time, what is left for fan-outs and records when clients keep theirs waiting

// Runs `work` on the loop and waits for it. Not from a loop's thread.
void on_loop(net::Loop& loop, UniqueFunction<void()> work) {
  std::promise<void> ran;
  loop.post([&work, &ran] {
    work();
    ran.set_value();
  });
  ran.get_future().wait();
}

// Starts an operation on the loop and waits for its answer.
template <class T>
Result<T> ask(net::Loop& loop, UniqueFunction<void(UniqueFunction<void(Result<T>)>)> start) {
  std::promise<Result<T>> answer;
  loop.post([&] { start([&answer](Result<T> result) { answer.set_value(std::move(result)); }); });
  return answer.get_future().get();
}

// The same for operations that only end.
std::future<void> begin(net::Loop& loop, UniqueFunction<void(UniqueFunction<void()>)> start) {
  auto ended = std::make_shared<std::promise<void>>();
  auto future = ended->get_future();
  loop.post([ended, start = std::move(start)]() mutable { start([ended] { ended->set_value(); }); });
  return future;
}

std::size_t descriptors_allowed() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

std::string node_name() { return "pid-" + std::to_string(::getpid()) + "-" + std::to_string(random_seed()); }

}  // namespace

Server::Server(Config config) : config_(std::move(config)) { lane_shared_.disable_after = config_.disable_after; }

Server::~Server() { stop(); }

Status Server::start(const ShowKey& show_key) {
  if (auto opened = open_store(); !opened) return opened;
  make_script_pool();
  if (auto started = start_out_nodes(); !started) return started;
  if (auto loaded = load(); !loaded) return loaded;
  if (auto started = start_engine(); !started) return started;
  if (auto started = start_in_nodes(); !started) return started;
  if (auto kept = keep_new_admin_key(show_key); !kept) return kept;
  register_metrics();
  phase_ = Phase::serving;
  return {};
}

Status Server::open_store() {
  auto folder = lock_data_folder(config_.data_dir);
  if (!folder) return std::move(folder).error();
  auto keys = load_keys(config_.data_dir, config_.master_key, (*folder)->has_database() ? DataState::exists : DataState::fresh);
  if (!keys) return std::move(keys).error();
  keys_ = std::move(*keys);
  sealer_ = std::make_unique<crypto::Sealer>(keys_);

  store::sqlite::SqliteOptions options;
  options.data_dir = config_.data_dir;
  options.metrics = &metrics_;
  auto opened = store::sqlite::open_sqlite(options, clock_, std::move(*folder));
  if (!opened) return std::move(opened).error();
  store_ = std::move(*opened);
  if (const auto ahead = clock_.go_on_from(store_->latest_time()); ahead > kClockTolerance) {
    observe::log(observe::Level::warning,
                 "the machine's clock is behind what the store has seen; due times go on from there, ahead of the clock",
                 {{"clock", to_rfc3339(clock_.wall_now())},
                  {"store", to_rfc3339(store_->latest_time())},
                  {"ahead_seconds", std::chrono::floor<std::chrono::seconds>(ahead).count()}});
  }
  ids_ = std::make_unique<IdSource>(clock_, random_seed(), std::uint16_t{0}, store_->largest_key());
  tenants_ = std::make_unique<access::Tenants>(clock_, *ids_);
  catalogue_ = std::make_unique<outbound::Catalogue>(clock_, *ids_, *sealer_);
  catalogue_->set_tenant_names([this](TenantKey key) {
    const auto tenant = tenants_->find(key);
    return tenant ? tenant->name : std::string();
  });
  return {};
}

void Server::make_script_pool() {
  script::PoolOptions options;
  options.helper_file = script::find_helper_file();
  options.helpers = config_.script_helpers;
  options.memory_bytes = config_.script_memory;
  scripts_ = std::make_unique<script::Pool>(std::move(options));
}

Status Server::start_out_nodes() {
  for (std::uint32_t i = 0; i < config_.out_loops; ++i) {
    auto& node = *out_nodes_.emplace_back(std::make_unique<OutNode>("out-" + std::to_string(i)));
    node.loop.start();
    on_loop(node.loop, [&] { build_out_node(node); });
  }
  for (const auto& node : out_nodes_) on_loop(node->loop, [&] { build_notices(*node); });
  on_loop(out_nodes_.front()->loop, [&] { build_engine_upkeep(*out_nodes_.front()); });
  return {};
}

net::HttpClientOptions Server::client_options() const {
  net::HttpClientOptions options;
  options.filter = net::PeerFilter(config_.allowed_peers);
  options.ca_file = config_.ca_file;
  if (!config_.proxy.empty()) {
    const auto proxy = net::parse_url(config_.proxy, "proxy");  // checked when the configuration was read
    options.proxy_host = proxy->host;
    options.proxy_port = proxy->port;
    options.proxy_names = config_.proxy_names;
  }
  return options;
}

void Server::build_out_node(OutNode& node) {
  node.session = store_->open_session(node.loop);
  node.client = std::make_unique<net::HttpClient>(node.loop, clock_, client_options());
  node.endpoints = std::make_unique<outbound::EndpointClient>(node.loop, *node.client, clock_, config_.handshake_origin);
  node.transport = std::make_unique<outbound::HttpTransport>(node.loop, *node.endpoints, clock_);
  node.transforms =
      std::make_unique<outbound::Transforms>(node.loop, *scripts_, *node.transport, clock_, config_.event_body_bytes_max);
  node.lanes = std::make_unique<outbound::LaneSet>(node.loop, *node.session, *catalogue_, *node.transforms, clock_,
                                                   lane_shared_, metrics_, random_seed());
}

void Server::build_notices(OutNode& node) {
  node.handover =
      std::make_unique<outbound::Handover>(node.loop, lane_targets(), [this](SubscriptionKey key) { poll_hub_.wake(key); });
  node.notices = std::make_unique<outbound::Notices>(*catalogue_, *ids_, clock_, lane_shared_.horizon, random_seed());
  node.lanes->tell_by(*node.notices, make_work_sink(*node.handover));
}

void Server::build_engine_upkeep(OutNode& node) {
  outbound::RetentionPeriods periods;
  periods.payloads = config_.payload_retention;
  periods.attempts = config_.attempt_retention;
  periods.deliveries = config_.delivery_retention;
  periods.idempotency = config_.idempotency_retention;
  periods.statistics = config_.statistics_retention;
  node.upkeep = std::make_unique<outbound::Upkeep>(node.loop, *node.session, clock_, node_name(), periods);
  node.upkeep->set_tenants([this] { return tenant_periods(); });
  node.upkeep->set_waiting([this] { return store_->measures().queued; });
  node.fanout = std::make_unique<outbound::Fanout>(
      node.loop, *node.session, *catalogue_, *ids_, clock_, lane_shared_,
      [&node](std::vector<outbound::Work> work, const outbound::OrderHorizon::PassagePtr& passage) {
        for (auto& one : work) node.handover->add(std::move(one), passage);
      });
  node.jobs = std::make_unique<outbound::Jobs>(node.loop, *node.session, *catalogue_, *ids_, clock_, lane_shared_.gate,
                                               make_job_sinks());
}

std::vector<outbound::TenantPeriods> Server::tenant_periods() const {
  std::vector<outbound::TenantPeriods> periods;
  for (const auto& tenant : tenants_->all()) {
    const auto own = domain::read_retention(tenant->settings);  // checked when it was written
    if (own && !own->empty()) periods.push_back({tenant->key, own->payloads, own->attempts, own->deliveries});
  }
  return periods;
}

outbound::DeliveryService::CancelSink Server::make_cancel_sink() {
  return [this](SubscriptionKey subscription, DeliveryKey delivery) {
    metrics_.deliveries_cancelled.add();
    auto& target = *out_nodes_[outbound::target_of(subscription, out_nodes_.size())];
    target.loop.post([&target, subscription, delivery] { target.lanes->cancelled(subscription, delivery); });
  };
}

outbound::JobSinks Server::make_job_sinks() {
  return {[this](SubscriptionKey subscription, std::uint32_t count) {
            auto& target = *out_nodes_[outbound::target_of(subscription, out_nodes_.size())];
            target.loop.post([&target, subscription, count] { target.lanes->left_in_store(subscription, count); });
          },
          [this](SubscriptionKey subscription) { poll_hub_.wake(subscription); }};
}

std::vector<outbound::LaneTarget> Server::lane_targets() {
  std::vector<outbound::LaneTarget> targets;
  for (const auto& node : out_nodes_) {
    targets.push_back(
        {&node->loop, [lanes = node->lanes.get()](std::vector<outbound::Work> work) { lanes->accept(std::move(work)); }});
  }
  return targets;
}

Status Server::load() {
  OutNode& node = *out_nodes_.front();
  auto rows = ask<store::Catalogue>(node.loop, [&](auto done) { node.session->load_catalogue(std::move(done)); });
  if (!rows) return std::move(rows).error();
  if (auto checked = check_master_key(*rows); !checked) return checked;
  std::vector<store::Credential> credentials = std::move(rows->credentials);
  tenants_->on_change([this](const domain::Tenant& tenant) {
    if (auto limit = domain::read_tenant_rate_limit(tenant.settings)) lane_shared_.paces.set(tenant.key, *limit);
  });
  tenants_->fill(std::move(rows->tenants));
  if (auto ready = first_run(credentials); !ready) return ready;
  if (auto ready = load_access(std::move(credentials)); !ready) return ready;
  if (auto filled = catalogue_->fill(std::move(*rows)); !filled) return filled;
  catalogue_->on_subscription_change([this](const domain::SubscriptionPtr& subscription, bool deleted) {
    if (deleted) access_->accounts.forget(subscription->id.key);
    on_subscription_change(subscription->id.key);
  });
  return {};
}

Status Server::check_master_key(const store::Catalogue& rows) {
  OutNode& node = *out_nodes_.front();
  const auto access = ask<store::AccessRows>(node.loop, [&](auto done) { node.session->load_access(std::move(done)); });
  if (!access) return access.error();
  std::vector<std::string_view> secrets;
  secrets.reserve(rows.subscriptions.size());
  for (const auto& subscription : rows.subscriptions) secrets.emplace_back(subscription.sealed_secret);
  std::vector<std::string_view> signing_keys;
  for (const auto& key : access->signing_keys) signing_keys.emplace_back(key.sealed);
  return check_keys(keys_, secrets, signing_keys);
}

Status Server::load_access(std::vector<store::Credential> credentials) {
  OutNode& node = *out_nodes_.front();
  auto rows = ask<store::AccessRows>(node.loop, [&](auto done) { node.session->load_access(std::move(done)); });
  if (!rows) return std::move(rows).error();
  access_ = std::make_unique<access::Access>(
      clock_, *ids_, *sealer_, *tenants_, config_.public_url.empty() ? "posthorn" : config_.public_url, std::move(credentials));
  access_->fill(std::move(*rows));
  Status maintained;
  net::run_on(node.loop, [&]() -> net::Task<> { maintained = co_await access_->signing_keys.maintain(*node.session); });
  if (!maintained) return maintained;
  on_loop(node.loop, [&] {
    auto options = client_options();
    options.body_limits = {jwt::kKeySetBytesMax + 1, jwt::kKeySetBytesMax + 1};
    node.key_client = std::make_unique<net::HttpClient>(node.loop, clock_, std::move(options));
    node.key_fetcher = std::make_unique<access::KeyFetcher>(node.loop, *node.key_client, clock_);
    node.access_upkeep = std::make_unique<access::Upkeep>(node.loop, *node.session, *access_, clock_);
    node.access_upkeep->start();
  });
  access_->issuer_keys.fetch_with([fetcher = node.key_fetcher.get()](const std::string& url, access::FetchDone done) {
    fetcher->fetch(url, std::move(done));
  });
  return {};
}

// Makes what a new store needs: tenant "default" and the administrator's key (keep_new_admin_key() keeps it).
Status Server::first_run(std::vector<store::Credential>& credentials) {
  OutNode& node = *out_nodes_.front();
  if (!config_.admin_key.empty()) {
    credentials = {access::make_credential("admin", config_.admin_key, clock_.wall_now())};
  } else if (credentials.empty()) {
    new_admin_key_ = access::make_key();
    new_admin_credential_ = access::make_credential("admin", new_admin_key_, clock_.wall_now());
    credentials = {new_admin_credential_};
  }
  if (!tenants_->list("", 1).empty()) return {};
  Status made;
  net::run_on(node.loop, [&]() -> net::Task<> {
    domain::Tenant tenant;
    tenant.name = "default";
    tenant.display_name = "Default";
    tenant.webhooks_enabled = true;
    auto saved = co_await tenants_->save(*node.session, std::move(tenant), 0);
    if (!saved) made = std::move(saved).error();
  });
  return made;
}

// After everything that can fail: a start that fails has neither shown a key nor kept one.
Status Server::keep_new_admin_key(const ShowKey& show_key) {
  if (new_admin_key_.empty()) return {};
  if (auto shown = show_key(std::exchange(new_admin_key_, {})); !shown) return shown;
  OutNode& node = *out_nodes_.front();
  return ask<void>(node.loop, [&](auto done) { node.session->save_credential({new_admin_credential_}, std::move(done)); });
}

Status Server::start_engine() {
  OutNode& first = *out_nodes_.front();
  // Which fan-outs are unfinished is known when they are loaded: until then nothing ordered goes.
  const auto hold = lane_shared_.horizon.hold_all();
  auto leases = ask<std::vector<store::Lease>>(first.loop, [&](auto done) { first.upkeep->start(std::move(done)); });
  if (!leases) return std::move(leases).error();
  for (std::size_t i = 0; i < out_nodes_.size(); ++i) {
    std::vector<store::Lease> mine;
    for (const auto& lease : *leases) {
      if (lease.shard % out_nodes_.size() == i) mine.push_back(lease);
    }
    auto& node = *out_nodes_[i];
    auto started = ask<void>(node.loop, [&](auto done) { node.lanes->start(std::move(mine), std::move(done)); });
    if (!started) return started;
  }
  auto fanout = ask<void>(first.loop, [&](auto done) { first.fanout->start(std::move(done)); });
  if (!fanout) return fanout;
  auto jobs = ask<void>(first.loop, [&](auto done) { first.jobs->start(std::move(*leases), std::move(done)); });
  if (!jobs) return jobs;
  on_loop(first.loop, [&] {
    pending_alarm_ = first.loop.make_alarm([this] { watch_pending(); });
    watch_pending();
  });
  return {};
}

Status Server::start_in_nodes() {
  std::uint16_t port = config_.listen_port;
  for (std::uint32_t i = 0; i < config_.in_loops; ++i) {
    auto& node = *in_nodes_.emplace_back(std::make_unique<InNode>("in-" + std::to_string(i)));
    node.loop.start();
    on_loop(node.loop, [&] { build_in_node(node, port); });
    if (auto started = node.server->start(); !started) return started;
    port = node.server->port();  // port 0: the others share what the first was given
  }
  return {};
}

// What recovers, is read, and goes before its time.
void Server::build_recovery(InNode& node) {
  const auto run_job = [&first = *out_nodes_.front()](domain::Job job) {
    first.loop.post([&first, job = std::move(job)]() mutable { first.jobs->add(std::move(job)); });
  };
  const auto forget_event = [this](EventKey event) {
    for (const auto& out : out_nodes_) out->loop.post([&lanes = *out->lanes, event] { lanes.expunged(event); });
  };
  node.jobs = std::make_unique<outbound::JobService>(*node.session, clock_, *ids_, run_job);
  node.polling = std::make_unique<outbound::Polling>(node.loop, *node.session, clock_, poll_hub_);
  node.privacy = std::make_unique<outbound::PrivacyService>(
      *node.session, clock_, *ids_, outbound::PrivacyService::Sinks{forget_event, make_cancel_sink(), run_job});
}

void Server::build_in_node(InNode& node, std::uint16_t port) {
  node.session = store_->open_session(node.loop);
  node.handover =
      std::make_unique<outbound::Handover>(node.loop, lane_targets(), [this](SubscriptionKey key) { poll_hub_.wake(key); });
  outbound::PublishLimits limits;
  limits.event_body_bytes_max = config_.event_body_bytes_max;
  node.publisher = std::make_unique<outbound::Publisher>(node.loop, *node.session, *catalogue_, clock_, *ids_,
                                                         lane_shared_.gate, lane_shared_.horizon, lane_shared_.fanout_room,
                                                         metrics_, limits, make_work_sink(*node.handover));
  node.deliveries = std::make_unique<outbound::DeliveryService>(
      *node.session, clock_, [&node](domain::PendingDelivery pending) { node.handover->add(std::move(pending)); },
      make_cancel_sink());

  build_recovery(node);
  node.tests = std::make_unique<outbound::TestDelivery>(node.loop, *catalogue_, clock_, *scripts_, client_options(),
                                                        config_.handshake_origin, config_.event_body_bytes_max);

  const api::Services services{*node.session,
                               *tenants_,
                               *access_,
                               *catalogue_,
                               *node.publisher,
                               *node.deliveries,
                               *node.jobs,
                               *node.polling,
                               *node.privacy,
                               *scripts_,
                               node.loop,
                               clock_,
                               config_.event_body_bytes_max,
                               node.tests.get()};
  auto routes = api::native::routes(services);
  for (auto& route : api::admin::routes({[this] { return readiness(); }, metrics_, api::admin::MetricsAccess::with_key}))
    routes.push_back(std::move(route));
  for (auto& route : api::orangelogic::routes(services)) routes.push_back(std::move(route));
  for (auto& route : api::orchestry::routes(services)) routes.push_back(std::move(route));
  for (auto& route : api::ovation::routes(services)) routes.push_back(std::move(route));
  for (const auto& document :
       {api::native::kDocument, api::orangelogic::kDocument, api::orchestry::kDocument, api::ovation::kDocument}) {
    for (auto& route : api::document_routes(document)) routes.push_back(std::move(route));
  }
  const bool tls = !config_.tls_certificate_file.empty();
  for (auto& route : api::oauth::routes({*access_, config_.public_url, tls ? "https" : "http"}))
    routes.push_back(std::move(route));
  node.router = std::make_unique<api::Router>(std::move(routes));
  node.service = std::make_unique<api::Service>(*node.router, access_->authorizer, *tenants_, clock_, random_seed());
  node.service->keep_audit(*node.session, *ids_);
  net::HttpServerOptions options;
  options.host = config_.listen_host;
  options.port = port;
  if (config_.in_loops > 1) {
    options.port_use = in_nodes_.size() == 1 ? net::PortUse::first_of_several : net::PortUse::joining;
  }
  options.limits.connections_max = net::connections_within(descriptors_allowed(), config_.in_loops);
  options.limits.buffered_bytes_max = kRequestBodiesBytesMax / config_.in_loops;
  options.tls = {config_.tls_certificate_file, config_.tls_key_file};
  node.server = std::make_unique<net::HttpServer>(node.loop, *node.service, clock_, std::move(options));
}

outbound::WorkSink Server::make_work_sink(outbound::Handover& handover) {
  OutNode& first = *out_nodes_.front();
  return [&handover, &first](outbound::AcceptedWork work) {
    handover.add(work);
    if (!work.rest) return;
    work.deliveries = {};
    first.loop.post([&first, work = std::move(work)]() mutable { first.fanout->add(std::move(work)); });
  };
}

void Server::on_subscription_change(SubscriptionKey subscription) {
  auto& node = *out_nodes_[outbound::target_of(subscription, out_nodes_.size())];
  node.loop.post([&node, subscription] {
    if (node.lanes) node.lanes->subscription_changed(subscription);
  });
}

Status Server::reload() {
  for (const auto& node : in_nodes_) {
    if (auto reloaded = node->server->reload_tls(); !reloaded) return reloaded;
  }
  // What outgoing connections trust. The first of them tells whether the file can be used.
  Status trusted;
  const auto reload = [&trusted](auto& client) {
    if (trusted) trusted = client.reload_certificates();
  };
  for (const auto& node : out_nodes_) {
    on_loop(node->loop, [&] {
      reload(*node->client);
      if (node->key_client) reload(*node->key_client);
    });
  }
  for (const auto& node : in_nodes_) on_loop(node->loop, [&] { reload(*node->tests); });
  return trusted;
}

std::uint16_t Server::port() const { return in_nodes_.front()->server->port(); }

api::admin::Readiness Server::readiness() const {
  const Phase phase = phase_;
  if (phase == Phase::starting) return {false, "starting"};
  if (phase != Phase::serving) return {false, "stopping"};
  const auto health = store_->health();
  return {health.state == store::Health::State::ok, health.reason};
}

void Server::stop() {
  if (phase_.exchange(Phase::draining) == Phase::stopped) {
    phase_ = Phase::stopped;
    return;
  }
  drain(clock_.steady_now() + config_.shutdown_grace);
  tear_down();
  phase_ = Phase::stopped;
}

// Lanes start nothing from here on, and finish what runs while the listeners answer what has begun: a client that is slow takes
// no time from an attempt.
void Server::drain(SteadyTime deadline) {
  std::vector<std::future<void>> lanes;
  for (const auto& node : out_nodes_) {
    if (!node->lanes) continue;
    lanes.push_back(begin(node->loop, [node = node.get()](auto done) {
      node->lanes->drain(std::move(done));
      // Attempts that still wait for their script are made after the next start.
      node->transforms->stop();
    }));
  }
  drain_listeners(deadline - std::min<SteadyTime::duration>(kDrainEndTime, config_.shutdown_grace / 4));
  if (out_nodes_.empty()) return;
  OutNode& first = *out_nodes_.front();
  net::run_on(first.loop, [&first]() -> net::Task<> {
    if (first.access_upkeep) co_await first.access_upkeep->stop();
    if (first.key_fetcher) co_await first.key_fetcher->stop();
  });
  if (first.fanout) begin(first.loop, [&first](auto done) { first.fanout->stop(std::move(done)); }).wait_until(deadline);
  if (first.jobs) begin(first.loop, [&first](auto done) { first.jobs->stop(std::move(done)); }).wait_until(deadline);
  for (const auto& drained : lanes) {
    if (drained.wait_until(deadline) == std::future_status::ready) continue;
    observe::log(observe::Level::warning, "attempts were cut off by the end of the grace time; they will be made again");
  }
  for (const auto& node : out_nodes_) {
    if (node->transport) net::run_on(node->loop, [&node]() -> net::Task<> { co_await node->transport->stop(); });
  }
}

void Server::drain_listeners(SteadyTime deadline) {
  const auto left = [&] {
    return std::max(std::chrono::duration_cast<Milliseconds>(deadline - clock_.steady_now()), Milliseconds(0));
  };
  poll_hub_.close();
  // None of them may take what another refuses already.
  for (const auto& node : in_nodes_) {
    if (node->server) node->server->begin_stop();
  }
  for (const auto& node : in_nodes_) {
    // Answers those who wait for a test delivery, which may take longer than the grace time.
    if (node->tests) net::run_on(node->loop, [&node]() -> net::Task<> { co_await node->tests->stop(); });
  }
  for (const auto& node : in_nodes_) {
    if (node->server) node->server->stop(left());
  }
}

void Server::tear_down() {
  // Whoever waits for a script gets its answer while there is a loop to take it.
  if (scripts_) scripts_->close();
  for (auto& node : in_nodes_) {
    on_loop(node->loop, [&] {
      node->lag_alarm.reset();
      node->server.reset();
      node->service.reset();
      node->router.reset();
      node->tests.reset();
      node->privacy.reset();
      node->polling.reset();
      node->jobs.reset();
      node->deliveries.reset();
      node->publisher.reset();
      node->handover.reset();
      node->session.reset();
    });
  }
  for (auto& node : out_nodes_) {
    on_loop(node->loop, [&] {
      if (node->upkeep) node->upkeep->stop();
      pending_alarm_.reset();
      node->lag_alarm.reset();
    });
  }
  // Writes that are under way complete into objects that still stand; only then do these go.
  if (store_) store_->stop();
  for (auto& node : out_nodes_) {
    on_loop(node->loop, [&] {
      node->access_upkeep.reset();
      node->key_fetcher.reset();
      node->key_client.reset();
      node->upkeep.reset();
      node->jobs.reset();
      node->fanout.reset();
      node->handover.reset();
      node->lanes.reset();
      node->transforms.reset();
      node->notices.reset();
      node->transport.reset();
      node->endpoints.reset();
      node->client.reset();
      node->session.reset();
    });
  }
  for (auto& node : in_nodes_) node->loop.stop();
  for (auto& node : out_nodes_) node->loop.stop();
  in_nodes_.clear();
  out_nodes_.clear();
  store_.reset();
}

}  // namespace posthorn::app
