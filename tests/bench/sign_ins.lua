-- Sign people of the bench in over the API, one after the other, so that nobody's turn comes again soon.
local people = tonumber(os.getenv("BENCH_PEOPLE"))
local password = os.getenv("BENCH_PASSWORD")
local last = 0

request = function()
   last = last % people + 1
   local body = string.format(
      '{"email": "person%d@load.example", "password": "%s", "remember_me": false}', last, password)
   return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end

dofile(os.getenv("BENCH_PERCENTILES"))
