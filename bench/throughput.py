"""Delivered per second, beside what wrk POSTs to the same endpoint in the same run."""

import time

from rig import Sampler, Sink, Wrk, processor_seconds, processor_times, rate_between, retire, stolen_share, wrk_events
from table import Row

ROUNDS = 3
BASELINE_SECONDS = 4
WARM_SECONDS = 2
MEASURED_SECONDS = 6
FANOUT = 100
STORED_ROUNDS = 3


def baseline(bench, sink):
    """wrk's POST/s to the sink with the payload as the body."""
    return Wrk(sink.url("/baseline"), bench.payload(), BASELINE_SECONDS).result()["per_second"]


def drain(sink, expected, seconds=60):
    """Waits until the sink has counted `expected`; answers how long that took."""
    begun = time.monotonic()
    while sink.count() < expected:
        if time.monotonic() - begun > seconds:
            raise RuntimeError(f"only {sink.count()} of {expected} delivered {seconds} s after the load ended")
        time.sleep(0.05)
    return time.monotonic() - begun


def deliveries_per_second(bench, sink, body, batch, subscriptions, events_per_request, publishers):
    """(rate at the sink in steady state, backlog when the load ended in seconds of delivery, acceptance refused)"""
    server = bench.server()
    try:
        for number in range(subscriptions):
            server.api.subscribe(sink.url(f"/count/{number}"))
        sink.ask("reset")
        with Sampler(sink.count) as sampler:
            load = wrk_events(server, body, WARM_SECONDS + MEASURED_SECONDS, batch, publishers)
            accepted = load.result()
        if accepted["errors"] or accepted["refused"]:
            raise RuntimeError(f"{accepted['errors']} errors and {accepted['refused']} refusals while publishing")
        rate = rate_between(sampler.samples, WARM_SECONDS, WARM_SECONDS + MEASURED_SECONDS - 0.2)
        behind = drain(sink, (accepted["requests"] - accepted["refused"]) * events_per_request * subscriptions)
        return rate, behind
    finally:
        retire(server)


class Ratios:
    """Rates of rounds, each beside the mean of wrk's own before and after it."""

    def __init__(self):
        self.rates, self.ratios = [], []

    def add(self, rate, baseline):
        self.rates.append(rate)
        self.ratios.append(rate / baseline)

    def middle(self):
        return sorted(self.ratios)[len(self.ratios) // 2]

    def __str__(self):
        return f"{sum(self.rates) / len(self.rates):,.0f}/s; ratio {self.middle():.3f} ({min(self.ratios):.3f}–{max(self.ratios):.3f})"


def measure(bench, what, floor, aim, body, batch=False, subscriptions=1, events_per_request=1, publishers=(16,)):
    """`publishers`: how many connections publish at once; with several counts, the verdict is about the first."""
    found = {count: Ratios() for count in publishers}
    baselines, behinds = [], []
    before = processor_times()
    with Sink() as sink:
        baselines.append(baseline(bench, sink))
        for _ in range(ROUNDS):
            for count, ratios in found.items():
                rate, behind = deliveries_per_second(bench, sink, body, batch, subscriptions, events_per_request, count)
                behinds.append(behind)
                baselines.append(baseline(bench, sink))
                ratios.add(rate, (baselines[-2] + baselines[-1]) / 2)
    decides = found[publishers[0]]
    rates = "; ".join(f"{count} publishers: {ratios}" for count, ratios in found.items()) if len(found) > 1 else str(decides)
    return Row(
        what,
        baseline=f"wrk {sum(baselines) / len(baselines):,.0f} POST/s",
        measured=f"{rates}; backlog gone {max(behinds):.1f} s after the load; "
        f"{stolen_share(before, processor_times()):.0%} stolen",
        floor=f"≥ {floor:.2f}",
        aim=f"{aim:.2f}",
        reached_floor=decides.middle() >= floor,
        reached_aim=decides.middle() >= aim,
    )


def one_event_a_request(bench):
    return measure(
        bench, "durable deliveries/s, one event a request, one endpoint, 128 publishers", 0.20, 0.30, bench.event(), publishers=(128, 16, 64)
    )


def batches_of_100(bench):
    return measure(bench, "the same with batches of 100", 0.40, 0.50, bench.batch(), batch=True, events_per_request=100)


def fan_out_of_100(bench):
    return measure(bench, f"one event to {FANOUT} subscriptions, deliveries/s", 0.40, 0.55, bench.event(), subscriptions=FANOUT)


def thousand_subscriptions(bench):
    """What one delivery costs when one event goes to 1,000 subscriptions, against 1,000 events to one."""
    shares, times = [], []
    with Sink() as sink:
        for _ in range(ROUNDS):
            alone_rate, alone_cost = cost_of_delivery(bench, sink, 1)
            fan_rate, fan_cost = cost_of_delivery(bench, sink, 1000)
            shares.append(fan_cost / alone_cost)
            times.append(alone_rate / fan_rate)
    middle = sorted(shares)[len(shares) // 2]
    return Row(
        "one event to 1,000 subscriptions: cost of a delivery, against that of 1,000 events to one",
        baseline=f"1,000 events to one: {alone_cost:.1f} µs of processor time, {alone_rate:,.0f}/s",
        measured=f"{fan_cost:.1f} µs, {fan_rate:,.0f}/s; processor time {middle:.0%} ({min(shares):.0%}–{max(shares):.0%}), "
        f"time {sorted(times)[len(times) // 2]:.0%}",
        floor="≤ 60 %",
        aim="",
        reached_floor=middle <= 0.60,
    )


def cost_of_delivery(bench, sink, subscriptions):
    """(deliveries/s, the server's processor time for one in microseconds), one event a request"""
    server = bench.server()
    try:
        for number in range(subscriptions):
            server.api.subscribe(sink.url(f"/count/{number}"))
        sink.ask("reset")
        begun, used = time.monotonic(), processor_seconds(server.process.pid)
        load = wrk_events(server, bench.event(), MEASURED_SECONDS).result()
        drain(sink, (load["requests"] - load["refused"]) * subscriptions)
        delivered = sink.count()
        return delivered / (time.monotonic() - begun), (processor_seconds(server.process.pid) - used) / delivered * 1e6
    finally:
        retire(server)


def three_million_stored(bench, total=3_000_000):
    """Whether delivering slows down as the store fills: the first tenth and the last of one run, each begun after the pause in
    which wrk's own rate is measured, and taken as a ratio to that; the middle of several runs."""
    ratios, firsts, lasts = [], [], []
    with Sink() as sink:
        for _ in range(STORED_ROUNDS):
            server = bench.server()
            try:
                server.api.subscribe(sink.url())
                firsts.append(beside_baseline(bench, server, sink))
                fill(bench, server, sink, total * 9 // 10)
                lasts.append(beside_baseline(bench, server, sink))
                ratios.append(lasts[-1].middle() / firsts[-1].middle())
            finally:
                retire(server)
    middle = sorted(ratios)[len(ratios) // 2]
    each = ", ".join(f"{ratio:.3f}" for ratio in sorted(ratios))
    return Row(
        f"{total:,} stored deliveries: the rate of the last tenth against the first's",
        baseline="the ratio to wrk in the first tenth: " + ", ".join(f"{first.middle():.3f}" for first in firsts),
        measured=f"{middle:.1%} (runs: {each}); first tenth {mean_rate(firsts):,.0f}/s, last {mean_rate(lasts):,.0f}/s",
        floor="≥ 95 %",
        aim="",
        reached_floor=middle >= 0.95,
    )


def fill(bench, server, sink, deliveries):
    """Has as many delivered, and waits for the last."""
    sink.ask("reset")
    accepted = 0
    while accepted < deliveries:
        accepted += wrk_events(server, bench.batch(), 5, batch=True).result()["requests"] * 100
    drain(sink, accepted)


def beside_baseline(bench, server, sink):
    """The rate in batches, with wrk's own just before and after it."""
    before = baseline(bench, sink)
    rate = batch_rate(bench, server, sink)
    ratios = Ratios()
    ratios.add(rate, (before + baseline(bench, sink)) / 2)
    return ratios


def mean_rate(measured):
    return sum(ratios.rates[0] for ratios in measured) / len(measured)


def batch_rate(bench, server, sink, seconds=5):
    before = sink.count()
    with Sampler(sink.count) as sampler:
        accepted = wrk_events(server, bench.batch(), seconds, batch=True).result()
    drain(sink, before + (accepted["requests"] - accepted["refused"]) * 100)  # what is left is not counted in the next round
    return rate_between(sampler.samples, 1, seconds - 0.2)
