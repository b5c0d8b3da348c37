-- wrk: POSTs the file named by BENCH_BODY, with the admin key when BENCH_KEY is set. Nothing runs for each answer, so that the
-- figure is wrk's own best.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
file:close()
if os.getenv("BENCH_KEY") then
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT requests=%d microseconds=%d refused=%d errors=%d p50=%d p99=%d\n", summary.requests,
    summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50),
    latency:percentile(99)))
end
