-- Wakes the service in txn.service before the request goes on. Sets txn.svcd_status to svcd's answer (0 where
-- svcd can't be reached), txn.svcd_timing and txn.svcd_retry_after.
local hook = "unix@/run/svcd-hook/hook.sock"

-- Longer than the longest wake_timeout.
local limit_ms = 15000

core.register_action("svcd_wake", { "http-req" }, function(txn)
    local client = core.httpclient()
    local answer = client:get{
        url = "http://svcd/hook/" .. (txn:get_var("txn.service") or ""),
        dst = hook,
        timeout = limit_ms,
    }
    local function header(name)
        return answer.headers and answer.headers[name] and answer.headers[name][0]
    end
    -- Every answer of svcd's has this header; HAProxy's own, for a svcd that is dead, hasn't.
    if not answer or not header("x-svcd-state") then
        txn:set_var("txn.svcd_status", 0)
        return
    end
    txn:set_var("txn.svcd_status", answer.status)
    if header("server-timing") then txn:set_var("txn.svcd_timing", header("server-timing")) end
    txn:set_var("txn.svcd_retry_after", header("retry-after") or "")
end)
