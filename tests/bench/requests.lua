-- Sends the requests of a file in turn: wrk ... -- FILE. The file holds blocks "METHOD PATH\nheader: value\n...\n\nbody\n\0".
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "?.lua;" .. package.path
require("report")

local requests, at = {}, 0

function init(args)
  local file = io.open(args[1], "rb")
  for block in file:read("*a"):gmatch("([^%z]+)%z") do
    local head, body = block:match("^(.-)\n\n(.*)$")
    local method, path = head:match("^(%S+) (%S+)")
    local headers = {}
    for name, value in head:gmatch("\n([^:\n]+): ([^\n]*)") do headers[name] = value end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
  file:close()
end

function request()
  at = at + 1
  return requests[(at - 1) % #requests + 1]
end
