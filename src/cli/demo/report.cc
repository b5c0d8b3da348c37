// The demo's last part: the checks, the table, and what to type next.
#include <algorithm>

#include "cli/arrival_text.h"
#include "cli/demo/demo.h"
#include "cli/demo/signature_check.h"
#include "cli/table.h"

namespace posthorn::cli::demo {
namespace {

struct Checked {
  std::string by;
  std::vector<std::vector<bool>> valid;  // for each endpoint, for each of its requests
  bool changed_byte_is_refused = false;
};

SignedRequest signed_request(const Received& received, const std::string& secret) {
  return {received.id, std::string(received.arrival.header("webhook-timestamp")),
          std::string(received.arrival.header("webhook-signature")), received.arrival.body, secret};
}

// All requests at once, and one more with a changed byte: a check that accepts everything would show there.
Checked check(const std::array<std::unique_ptr<Receiver>, 3>& receivers, const std::array<std::string, 3>& secrets,
              const std::string& folder) {
  std::vector<SignedRequest> requests;
  for (std::size_t i = 0; i < receivers.size(); ++i) {
    for (const auto& received : receivers[i]->received()) requests.push_back(signed_request(received, secrets[i]));
  }
  const bool has_any = !requests.empty();
  if (has_any) {
    requests.push_back(requests.front());
    requests.back().body += ' ';
  }
  const auto result = check_signatures(requests, folder);
  Checked checked{result.by, {}, has_any && !result.valid.back()};
  auto at = result.valid.begin();
  for (const auto& receiver : receivers) {
    const auto count = static_cast<std::ptrdiff_t>(receiver->received().size());
    checked.valid.emplace_back(at, at + count);
    at += count;
  }
  return checked;
}

std::string latency_text(const Latency& latency) {
  return latency.count == 0 ? "–" : "p50 " + seconds_text(latency.p50) + ", p99 " + seconds_text(latency.p99);
}

}  // namespace

void Demo::print_request(const Receiver& receiver) {
  const auto& all = receiver.received();
  const auto found =
      std::find_if(all.rbegin(), all.rend(), [](const Received& one) { return topic_of(one.arrival) == "document.edited"; });
  if (found == all.rend()) return;
  const auto& arrival = found->arrival;
  console_.out() << "\nOne of the requests, as it arrived:\n\n";
  console_.out() << "  " << console_.paint(Color::bold, printable(arrival.method) + " " + printable(arrival.target)) << "\n";
  for (const auto& [name, value] : arrival.headers)
    console_.out() << "  " << console_.paint(Color::blue, printable(name)) << ": " << printable(value) << "\n";
  console_.out() << "\n";
  std::string body = "  " + printable_lines(indent_json(arrival.body));
  for (std::size_t at = body.find('\n'); at != std::string::npos; at = body.find('\n', at + 1)) body.insert(at + 1, "  ");
  console_.out() << body << "\n\n";
}

bool Demo::print_table(const PublishedEvents& published, const std::vector<EndpointSum>& sums, const std::string& checked_by) {
  Table endpoints({{"ENDPOINT"},
                   {"DELIVERED", Column::Align::right},
                   {"REQUESTS", Column::Align::right},
                   {"REFUSED (500)", Column::Align::right},
                   {"DUPLICATES", Column::Align::right},
                   {"MISSING", Column::Align::right},
                   {"BADLY SIGNED", Column::Align::right}});
  EndpointSum all;
  for (const auto& sum : sums) {
    const Color color = sum.is_fine() ? Color::plain : Color::red;
    endpoints.add({{sum.name, color},
                   count_text(sum.delivered),
                   count_text(sum.requests),
                   count_text(sum.refused),
                   count_text(sum.duplicates),
                   {count_text(sum.missing), color},
                   {count_text(sum.badly_signed), color}});
    all.delivered += sum.delivered;
    all.requests += sum.requests;
    all.duplicates += sum.duplicates;
    all.badly_signed += sum.badly_signed;
  }
  console_.out() << endpoints.render(console_) << "\n";

  std::array<std::size_t, 5> changes{};
  for (const auto& [id, event] : published) ++changes[static_cast<std::size_t>(event.change)];
  const auto change = [&](watch::Change which) {
    return count_text(changes[static_cast<std::size_t>(which)]) + " " + std::string(watch::to_text(which));
  };
  const auto& healthy = receivers_[0]->received();
  const std::size_t wanted = published.size() * sums.size();
  Table table({{"RESULT"}, {"VALUE"}});
  table.add({"accepted", count_text(published.size()) + " events (" + change(watch::Change::created) + ", " +
                             change(watch::Change::edited) + ", " + change(watch::Change::deleted) + ")"});
  table.add({"delivered", count_text(all.delivered) + " of " + count_text(wanted)});
  table.add({"recorded by the server", count_text(succeeded_recorded_) + " deliveries succeeded"});
  table.add({"attempts", count_text(attempts_recorded_) + " (" +
                             count_text(attempts_recorded_ - std::min(attempts_recorded_, wanted)) + " retried)"});
  table.add({"duplicates", count_text(all.duplicates)});
  table.add({"latency, single changes", latency_text(latency_of(healthy, published, Phase::live))});
  table.add({"latency, all files at once", latency_text(latency_of(healthy, published, Phase::catching_up))});
  table.add({"signatures verified",
             count_text(all.requests - all.badly_signed) + " of " + count_text(all.requests) + ", by " + checked_by});
  table.add({"server's end", server_exit_ == 0 ? "clean" : "exit code " + std::to_string(server_exit_)});
  table.add({"time", seconds_text(std::chrono::duration<double>(clock_.steady_now() - started_).count())});
  console_.out() << table.render(console_);
  console_.out() << console_.paint(Color::dim,
                                   "Latency: from the begin of the publishing call to the arrival at the healthy endpoint, "
                                   "with the commit to disk in between.")
                 << "\n\n";
  return all.delivered == wanted && succeeded_recorded_ == wanted && server_exit_ == 0;
}

void Demo::print_next() {
  console_.out()
      << "Next, with a server of your own:\n"
         "  posthorn serve --allow-peer 127.0.0.0/8     # prints the admin key once: put it into POSTHORN_ADMIN_KEY\n"
         "  posthorn listen --subscribe 'document.*'    # in a second terminal: shows what arrives\n"
         "  posthorn watch ~/Documents                  # in a third: every change there becomes an event\n"
         "  posthorn send document.created '{\"id\":1}'   # or publish one yourself\n";
  if (options_.keep) console_.out() << "Kept: " << scratch_.folder() << "\n";
}

ExitCode Demo::report() {
  const auto published = ledger_.events();
  const auto checked = check(receivers_, secrets_, scratch_.folder());
  std::vector<EndpointSum> sums;
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    sums.push_back(sum_up(receivers_[i]->name(), receivers_[i]->received(), checked.valid[i], published));
  }
  print_request(*receivers_[0]);
  bool is_fine = print_table(published, sums, checked.by);
  for (const auto& sum : sums) {
    if (sum.missing > 0) console_.error(count_text(sum.missing) + " events never arrived at " + sum.name + ".");
    if (sum.unknown > 0)
      console_.error(count_text(sum.unknown) + " requests at " + sum.name + " are about events that nobody published.");
    if (sum.badly_signed > 0)
      console_.error(count_text(sum.badly_signed) + " requests at " + sum.name + " are not signed as they should be.");
    is_fine = is_fine && sum.is_fine();
  }
  if (!checked.changed_byte_is_refused) console_.error("The independent check accepts a changed body: it proves nothing.");
  is_fine = is_fine && checked.changed_byte_is_refused;
  if (!is_fine) {
    console_.error("The demo found something wrong; see above.");
    return ExitCode::failed;
  }
  console_.out() << console_.paint(Color::green, "Every event arrived at every endpoint, signed.") << "\n";
  if (const std::string missing = not_exercised(published, sums); !missing.empty()) {
    console_.out() << "Not shown with so few files: " << missing << ".\n";
  }
  console_.out() << "\n";
  print_next();
  return ExitCode::ok;
}

}  // namespace posthorn::cli::demo
