#include "outbound/test_delivery.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/version.h"
#include "crypto/crypto.h"
#include "domain/outbound/format.h"
#include "observe/trace.h"
#include "outbound/prepared.h"
#include "outbound/transforms.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;

const std::string kFirstHopLine = std::string(domain::kHopsHeader) + ": 1\r\n";
constexpr std::string_view kTextType = "text/plain; charset=utf-8";

bool has_header(const std::vector<domain::Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const auto& one) { return equals_ignoring_case(one.name, name); });
}

void append_lines(std::string& lines, const std::vector<domain::Header>& headers) {
  for (const auto& header : headers) lines += header.name + ": " + header.value + "\r\n";
}

Error too_many(double seconds) {
  const auto wait = std::chrono::seconds(std::max(1L, std::lround(std::ceil(seconds))));
  return unavailable("Too many test deliveries.", "too_many_requests", wait);
}

TestReport report_of(EndpointAnswer answer) {
  TestReport report;
  report.failure = answer.failure;
  report.detail = std::move(answer.detail);
  report.response = std::move(answer.response);
  const int status = report.response.status;
  if (report.failure == FailureKind::none && (status < 200 || status > 299)) {
    report.failure = FailureKind::status;
    const std::string cut = report.detail.empty() ? "" : "; " + report.detail;
    report.detail = "the endpoint answered " + std::to_string(status) + cut;
  }
  return report;
}

}  // namespace

TestDelivery::TestDelivery(net::Loop& loop, const Catalogue& catalogue, const Clock& clock, script::Runner& scripts,
                           net::HttpClientOptions options, std::string handshake_origin, std::size_t body_bytes_max)
    : loop_(loop),
      catalogue_(catalogue),
      clock_(clock),
      scripts_(scripts),
      body_bytes_max_(body_bytes_max),
      client_(loop, clock, std::move(options)),
      endpoints_(loop, client_, clock, std::move(handshake_origin)),
      random_(random_seed()) {}

Status TestDelivery::admit(TenantKey tenant) {
  if (running_ >= kTestDeliveriesAtOnceMax) return too_many(1);
  const auto now = clock_.steady_now();
  if (allowances_.size() >= kTestTenantsMax) {
    // Who has not called for so long has its whole allowance again.
    std::erase_if(allowances_, [now](const auto& entry) {
      return std::chrono::duration<double>(now - entry.second.at).count() * kTestDeliveriesPerSecond >= kTestDeliveriesBurst;
    });
  }
  const auto [place, fresh] = allowances_.try_emplace(tenant);
  Allowance& allowance = place->second;
  if (!fresh) {
    const double gained = std::chrono::duration<double>(now - allowance.at).count() * kTestDeliveriesPerSecond;
    allowance.left = std::min(kTestDeliveriesBurst, allowance.left + gained);
  }
  allowance.at = now;
  if (allowance.left < 1) return too_many((1 - allowance.left) / kTestDeliveriesPerSecond);
  allowance.left -= 1;
  return {};
}

domain::Event TestDelivery::example_event(const TestCall& call) {
  domain::Event event;
  event.tenant = call.tenant;
  event.topic = call.topic;
  event.time = clock_.wall_now();
  event.accepted_at = clock_.schedule_now();
  event.external_id = "test-" + hex_encode(crypto::random_bytes(12));
  event.traceparent = observe::make_traceparent(random_);
  event.payload = call.payload;
  if (call.subscription) event.scope = call.subscription->settings.scope;
  return event;
}

Result<TestDelivery::Composed> TestDelivery::compose_for_url(const TestCall& call) {
  auto url = net::parse_url(call.url, "url");
  if (!url) return std::move(url).error();
  Composed composed;
  EndpointRequest& request = composed.request;
  request.url = std::make_shared<const net::Url>(std::move(*url));
  const auto event = example_event(call);
  const auto format = call.format.value_or(domain::Format::raw);
  std::string_view type = kTextType;
  if (call.payload_kind == TestCall::Payload::text) {
    request.body = std::make_shared<const std::string>(call.payload);
  } else {
    auto rendered = domain::render(format, event, call.tenant_name);
    request.body = std::make_shared<const std::string>(std::move(rendered.body));
    request.header_lines = std::move(rendered.header_lines);
    type = domain::content_type(format);
  }
  append_lines(request.header_lines, call.headers);
  if (!has_header(call.headers, "content-type")) request.header_lines += "Content-Type: " + std::string(type) + "\r\n";
  if (!has_header(call.headers, "user-agent")) {
    request.header_lines += "User-Agent: Posthorn/" + std::string(kVersion) + "\r\n";
  }
  request.header_lines += "traceparent: " + event.traceparent + "\r\n";
  request.header_lines += kFirstHopLine;
  return composed;
}

Result<TestDelivery::Composed> TestDelivery::compose(const TestCall& call) {
  if (!call.subscription) return compose_for_url(call);
  const auto secrets = catalogue_.secrets_of(*call.subscription);
  if (!secrets) return secrets.error();
  auto subscription = call.subscription;
  if (call.format && *call.format != subscription->settings.format) {
    auto changed = std::make_shared<domain::Subscription>(*subscription);
    changed->settings.format = *call.format;
    subscription = std::move(changed);
  }
  auto prepared = prepare(std::move(subscription), *secrets, call.tenant_name);
  if (!prepared) return std::move(prepared).error();
  const auto event = std::make_shared<const domain::Event>(example_event(call));
  const auto now = clock_.wall_now();
  const auto rendered = std::make_shared<const domain::Rendered>(
      domain::render(prepared->subscription->settings.format, *event, call.tenant_name));
  Composed composed;
  EndpointRequest& request = composed.request;
  request.url = prepared->url;
  request.access = prepared->access;
  request.header_lines = prepared->fixed_header_lines + rendered->header_lines;
  append_lines(request.header_lines, call.headers);
  request.header_lines += "traceparent: " + event->traceparent + "\r\n";
  request.header_lines += kFirstHopLine;
  if (prepared->program) {
    request.body = {rendered, &rendered->body};
    composed.script = script_of(*prepared, rendered, event, now);
    return composed;
  }
  request.body = body_for(*prepared->signer, rendered, now);
  prepared->signer->append_headers(request.header_lines, domain::public_event_id(*event), now, *request.body);
  return composed;
}

net::Task<Result<TestReport>> TestDelivery::send(TestCall call) {
  auto composed = compose(call);
  if (!composed) co_return std::move(composed).error();
  if (auto admitted = admit(call.tenant); !admitted) co_return std::move(admitted).error();
  ++running_;
  TestReport report = co_await send(std::move(*composed), call.timeout);
  --running_;
  co_return report;
}

net::Task<TestReport> TestDelivery::send(Composed composed, Milliseconds timeout) {
  EndpointRequest request = std::move(composed.request);
  if (composed.script) {
    auto outcome = co_await run_script(scripts_, loop_, *composed.script, *request.body, body_bytes_max_);
    if (outcome.answer) {
      TestReport report;
      report.failure = outcome.answer->cancelled ? FailureKind::transform : outcome.answer->outcome.failure;
      report.detail = std::move(outcome.answer->detail);
      co_return report;
    }
    request.body = complete(*composed.script, std::move(outcome.transformed), request.header_lines);
  }
  const auto start = clock_.steady_now();
  request.deadline = start + timeout;
  request.wants_tls_facts = true;
  auto answer = co_await endpoints_.send(std::move(request));
  TestReport report = report_of(std::move(answer));
  report.duration = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady_now() - start);
  co_return report;
}

net::Task<> TestDelivery::stop() { return endpoints_.stop(); }

}  // namespace posthorn::outbound
