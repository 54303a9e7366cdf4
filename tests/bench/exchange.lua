-- Posts distinct ID tokens, one after the other: wrk ... -- FILE FIRST COUNT [KEEP]
-- KEEP: a file for the access tokens that come back.
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "?.lua;" .. package.path
require("report")

local requests, at = {}, 0

function init(args)
  local first, count, line = tonumber(args[2]), tonumber(args[3]), 0
  local body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange" ..
    "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token&subject_token="
  for token in io.lines(args[1]) do
    if line >= first and #requests < count then
      requests[#requests + 1] = wrk.format("POST", "/oauth/token",
        { ["Content-Type"] = "application/x-www-form-urlencoded" }, body .. token)
    end
    line = line + 1
  end
  if args[4] then
    local kept = io.open(args[4], "w")
    function response(_, _, body)
      kept:write(body:match('"access_token":"([^"]+)"'), "\n")
    end
  end
end

-- When all are used, the first come again: the same jobs exchange once more. The report says so.
function request()
  at = at + 1
  return requests[(at - 1) % #requests + 1]
end
