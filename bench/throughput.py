"""Delivered per second, beside what wrk POSTs to the same endpoint in the same run."""

import time

from rig import Sampler, Sink, Wrk, processor_seconds, processor_times, rate_between, retire, stolen_share, wrk_events
from table import Row

ROUNDS = 3
BASELINE_SECONDS = 4
WARM_SECONDS = 2
MEASURED_SECONDS = 6
FANOUT = 100
STORED_ROUNDS = 5


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
            print(f"  note: wrk had {accepted['errors']} errors and {accepted['refused']} refusals")
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
    """`publishers`: how many connections publish at once; with several counts, the verdict is about the best."""
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
    best = max(found.values(), key=Ratios.middle)
    rates = "; ".join(f"{count} publishers: {ratios}" for count, ratios in found.items()) if len(found) > 1 else str(best)
    return Row(
        what,
        baseline=f"wrk {sum(baselines) / len(baselines):,.0f} POST/s",
        measured=f"{rates}; backlog gone {max(behinds):.1f} s after the load; "
        f"{stolen_share(before, processor_times()):.0%} stolen",
        floor=f"≥ {floor:.2f}",
        aim=f"{aim:.2f}",
        reached_floor=best.middle() >= floor,
        reached_aim=best.middle() >= aim,
    )


def one_event_a_request(bench):
    return measure(
        bench, "durable deliveries/s, one event a request, one endpoint", 0.20, 0.30, bench.event(), publishers=(16, 64, 128)
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
    """Whether delivering slows down as the store fills: a server from its 2.7 millionth stored delivery on, in turns with fresh
    servers in their first seconds. One run's own first tenth is no measure: whoever begins after a pause is faster for a few
    seconds, and an empty server beside it slows down as much."""
    full = bench.server()
    fresh_rates, full_rates = [], []
    try:
        with Sink() as sink:
            full.api.subscribe(sink.url())
            sink.ask("reset")
            while sink.count() < total * 0.9:
                wrk_events(full, bench.batch(), 10, batch=True).result()
            stored = sink.count()
            for _ in range(STORED_ROUNDS):
                fresh = bench.server()
                fresh.api.subscribe(sink.url())
                fresh_rates.append(batch_rate(bench, fresh, sink))
                retire(fresh)
                before = sink.count()
                full_rates.append(batch_rate(bench, full, sink))
                stored += sink.count() - before
        ratio = sum(full_rates) / sum(fresh_rates)
        each = ", ".join(f"{of_full / of_fresh:.2f}" for of_full, of_fresh in zip(full_rates, fresh_rates))
        return Row(
            f"{total:,} stored deliveries: rate of the last tenth and beyond against that of a fresh server, in turns",
            baseline=f"fresh: {sum(fresh_rates) / STORED_ROUNDS:,.0f}/s",
            measured=f"{sum(full_rates) / STORED_ROUNDS:,.0f}/s; {ratio:.1%} (rounds: {each}); {stored:,} stored at the end",
            floor="≥ 95 %",
            aim="",
            reached_floor=ratio >= 0.95,
        )
    finally:
        retire(full)


def batch_rate(bench, server, sink, seconds=5):
    before = sink.count()
    with Sampler(sink.count) as sampler:
        accepted = wrk_events(server, bench.batch(), seconds, batch=True).result()
    drain(sink, before + (accepted["requests"] - accepted["refused"]) * 100)  # what is left is not counted in the next round
    return rate_between(sampler.samples, 1, seconds - 0.2)
