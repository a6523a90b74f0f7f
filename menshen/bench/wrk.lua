-- Sends the prepared requests in their order for as long as wrk runs, and counts what was answered as expected.
-- The file has one request a line: path, bearer token and JSON body, parted by tabs. After it and the expected text
-- may come how many requests to send a second; without, as many as are answered.
local requests, expected, threads = {}, "", {}
sent, good = 0, 0 -- read from `done`, hence not local

function setup(thread)
   table.insert(threads, thread)
end

-- With a rate each request has its instant; a connection that is free waits for the next one.
local function pace(rate)
   local ffi = require("ffi")
   ffi.cdef("typedef struct { long s, us; } instant; int gettimeofday(instant *, void *);")
   local clock, due = ffi.new("instant"), nil
   function delay() -- wrk asks before each request, if there is such a function: how many milliseconds to wait
      ffi.C.gettimeofday(clock, nil)
      local now = tonumber(clock.s) * 1e3 + tonumber(clock.us) / 1e3
      due = (due or now) + 1e3 / rate
      return math.max(0, due - now)
   end
end

function init(args)
   expected = args[2]
   if args[3] then
      pace(tonumber(args[3]))
   end
   for line in io.lines(args[1]) do
      local path, token, body = line:match("([^\t]*)\t([^\t]*)\t(.*)")
      local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }
      table.insert(requests, wrk.format("POST", path, headers, body))
   end
end

function request()
   sent = sent + 1
   return requests[math.min(sent, #requests)]
end

function response(status, headers, body)
   if status < 300 and body:find(expected, 1, true) then
      good = good + 1
   end
end

function done(summary, latency)
   io.write(string.format('{"sent": %d, "good": %d, "answered": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f}\n',
      threads[1]:get("sent"), threads[1]:get("good"), summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
