# Shell functions for scripts that use a service; source this file. They need curl.

_svcd_curl() {
    curl --silent --show-error --globoff --noproxy '*' --unix-socket "${SVCD_HOOK:-/run/svcd-hook/hook.sock}" "$@"
}

# svcd_wake NAME: wakes a service and returns when it is awake.
#
# 0: it is awake, or svcd can't be reached, which stands in nobody's way; 1: svcd said no, and why on standard error.
svcd_wake() {
    local code
    code=$(_svcd_curl --max-time 15 --output /dev/null --write-out '%{http_code}' "http://svcd/hook/$1")
    case $? in
    0) ;;
    7 | 28 | 52 | 56) return 0 ;; # not there, silent, or gone
    *) return 1 ;;
    esac
    case $code in
    2*) return 0 ;;
    404) echo "svcd: no service '$1' in the policy" >&2 ;;
    423) echo "svcd: '$1' is held: somebody else paused it" >&2 ;;
    *) echo "svcd: '$1' can't be woken ($code)" >&2 ;;
    esac
    return 1
}

# svcd_run NAME COMMAND…: keeps a service awake while a command runs, and exits as it does. With svcctl, or without a
# lease where there is none.
svcd_run() {
    local service=$1
    shift
    if command -v svcctl >/dev/null && _svcd_curl --max-time 5 --output /dev/null http://svcd/healthz; then
        svcctl --control "${SVCD_HOOK:-/run/svcd-hook/hook.sock}" run "$service" -- "$@"
    else
        svcd_wake "$service" && "$@"
    fi
}
