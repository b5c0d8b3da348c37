// The two kinds of loop a server has, each with what lives on it.
//
// InNode accepts and answers requests; OutNode owns lanes and outgoing connections. Their members are built and destroyed on
// their own loop (wiring.cc), in the order they stand here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "access/key_fetcher.h"
#include "access/upkeep.h"
#include "api/kit/router.h"
#include "api/kit/service.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "outbound/delivery_service.h"
#include "outbound/endpoint_client.h"
#include "outbound/fanout.h"
#include "outbound/handover.h"
#include "outbound/job_service.h"
#include "outbound/jobs.h"
#include "outbound/lane_set.h"
#include "outbound/notices.h"
#include "outbound/polling.h"
#include "outbound/privacy_service.h"
#include "outbound/publisher.h"
#include "outbound/test_delivery.h"
#include "outbound/transforms.h"
#include "outbound/transport.h"
#include "outbound/upkeep.h"
#include "store/store.h"

namespace posthorn::app {

struct OutNode {
  explicit OutNode(std::string name) : loop(std::move(name)) {}

  net::Loop loop;
  std::unique_ptr<Alarm> lag_alarm;
  std::unique_ptr<store::Session> session;
  std::unique_ptr<net::HttpClient> client;
  std::unique_ptr<outbound::EndpointClient> endpoints;
  std::unique_ptr<outbound::HttpTransport> transport;
  std::unique_ptr<outbound::Transforms> transforms;  // in front of it
  std::unique_ptr<outbound::LaneSet> lanes;
  std::unique_ptr<outbound::Handover> handover;
  std::unique_ptr<outbound::Notices> notices;
  // Only the first out-node has these.
  std::unique_ptr<outbound::Fanout> fanout;
  std::unique_ptr<outbound::Jobs> jobs;
  std::unique_ptr<outbound::Upkeep> upkeep;
  std::unique_ptr<net::HttpClient> key_client;  // for the keys of trusted issuers, which are longer than answers to deliveries
  std::unique_ptr<access::KeyFetcher> key_fetcher;
  std::unique_ptr<access::Upkeep> access_upkeep;
};

struct InNode {
  explicit InNode(std::string name) : loop(std::move(name)) {}

  net::Loop loop;
  std::unique_ptr<Alarm> lag_alarm;
  std::unique_ptr<store::Session> session;
  std::unique_ptr<outbound::Handover> handover;
  std::unique_ptr<outbound::Publisher> publisher;
  std::unique_ptr<outbound::DeliveryService> deliveries;
  std::unique_ptr<outbound::JobService> jobs;
  std::unique_ptr<outbound::Polling> polling;
  std::unique_ptr<outbound::PrivacyService> privacy;
  std::unique_ptr<outbound::TestDelivery> tests;
  std::unique_ptr<api::Router> router;
  std::unique_ptr<api::Service> service;
  std::unique_ptr<net::HttpServer> server;
};

}  // namespace posthorn::app
