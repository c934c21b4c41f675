-- Ask for each path of a file in its turn.
local requests, last = {}, 0

init = function()
   for path in io.lines(os.getenv("BENCH_PATHS")) do
      requests[#requests + 1] = wrk.format("GET", path)
   end
end

request = function()
   last = last % #requests + 1
   return requests[last]
end

dofile(os.getenv("BENCH_PERCENTILES"))
