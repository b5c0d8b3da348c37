// Server: the object graph of a running Posthorn, built from a Config. wiring.cc reads like a table of contents.
//
// Lifecycle: start() opens the store, takes over its shards, starts lanes and then listeners; when it returns the server
// serves.
//   stop() refuses new work, finishes and records what runs (within the grace time), closes the store. Twice is fine; stop()
//   after a failed start() undoes what had started.
// Concurrency: start() and stop() from one thread that runs no loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/access.h"
#include "access/tenants.h"
#include "api/admin/operations.h"
#include "app/config.h"
#include "app/key_ring.h"
#include "app/nodes.h"
#include "app/server_clock.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "observe/metrics.h"
#include "outbound/catalogue.h"
#include "outbound/lane_shared.h"
#include "outbound/poll_hub.h"
#include "script/pool.h"
#include "store/store.h"

namespace posthorn::app {

class Server {
 public:
  explicit Server(Config config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Called with the administrator's key when this start makes one; an error ends the start. Only then is the key's hash kept:
  // a key that nobody has seen never is the only one.
  using ShowKey = std::function<Status(const std::string& key)>;
  Status start(const ShowKey& show_key);
  void stop();

  // Reads certificate files again (SIGHUP). Errors: what could not be read; the old ones stay.
  Status reload();

  std::uint16_t port() const;

  // Any thread.
  api::admin::Readiness readiness() const;

 private:
  Status open_store();
  Status load();
  Status check_master_key(const store::Catalogue& rows);
  Status load_access(std::vector<store::Credential> credentials);
  Status first_run(std::vector<store::Credential>& credentials);
  Status keep_new_admin_key(const ShowKey& show_key);
  void make_script_pool();
  Status start_out_nodes();
  net::HttpClientOptions client_options() const;
  void build_out_node(OutNode& node);
  void build_notices(OutNode& node);
  void build_engine_upkeep(OutNode& node);
  Status start_engine();
  Status start_in_nodes();
  void build_in_node(InNode& node, std::uint16_t port);
  outbound::WorkSink make_work_sink(outbound::Handover& handover);
  void build_recovery(InNode& node);
  outbound::JobSinks make_job_sinks();
  outbound::DeliveryService::CancelSink make_cancel_sink();  // tells the lane of a delivery that is over
  std::vector<outbound::TenantPeriods> tenant_periods() const;
  std::vector<outbound::LaneTarget> lane_targets();
  void on_subscription_change(SubscriptionKey subscription);
  void register_metrics();
  void register_script_metrics();
  void watch_lag(net::Loop& loop, std::unique_ptr<Alarm>& alarm);
  void watch_pending();
  void drain(SteadyTime deadline);
  void drain_listeners(SteadyTime deadline);
  void tear_down();

  Config config_;
  SystemClock machine_clock_;
  ServerClock clock_{machine_clock_};
  observe::Metrics metrics_;
  outbound::LaneShared lane_shared_;
  outbound::PollHub poll_hub_;
  Keys keys_;
  std::unique_ptr<crypto::Sealer> sealer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<IdSource> ids_;
  std::unique_ptr<access::Tenants> tenants_;
  std::unique_ptr<outbound::Catalogue> catalogue_;
  std::unique_ptr<access::Access> access_;
  std::unique_ptr<script::Pool> scripts_;
  std::vector<std::unique_ptr<OutNode>> out_nodes_;
  std::vector<std::unique_ptr<InNode>> in_nodes_;
  std::unique_ptr<Alarm> pending_alarm_;
  std::atomic<std::uint64_t> pending_count_{0};
  std::atomic<std::int64_t> oldest_pending_ms_{0};  // when it was accepted; 0: nothing is pending
  std::string new_admin_key_;                       // until it is shown
  store::Credential new_admin_credential_;
  enum class Phase { starting, serving, draining, stopped };
  std::atomic<Phase> phase_{Phase::starting};
};

}  // namespace posthorn::app
