"""Wakes services and keeps them awake, over svcd's hook socket.

One file, standard library only, made to be copied:

    from svcd import Svcd

    svcd = Svcd()
    with svcd.lease("github"):          # woken, and kept awake until the block ends
        call_github()

A svcd that can't be reached stands in nobody's way: the block runs without a lease, unless `required=True`.
"""

import contextlib
import http.client
import json
import socket
import threading
import urllib.parse


class SvcdError(Exception):
    """svcd has answered, and said no. `status` is 404, 423, 429, 503 or 504; `retry_after` seconds, or None."""

    def __init__(self, status, detail, retry_after=None):
        super().__init__(f"{status}: {detail}")
        self.status, self.detail, self.retry_after = status, detail, retry_after


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("svcd", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Svcd:
    """A caller of svcd. Threads may share it: every request has a connection of its own."""

    def __init__(self, path="/run/svcd-hook/hook.sock", timeout=15.0):
        """`timeout`: seconds a wake may take; longer than the policy's longest `wake_timeout`."""
        self.path, self.timeout = path, timeout

    def wake(self, service, required=False):
        """Wakes a service and returns when it is awake: the milliseconds it took, 0.0 if it was awake.

        None: svcd can't be reached (OSError with `required`). Raises SvcdError where it said no.
        """
        try:
            answer = self._send("GET", f"/hook/{_quote(service)}")
        except OSError:
            if required:
                raise
            return None
        timing = answer.headers.get("Server-Timing", "")
        return float(timing.rpartition("dur=")[2] or 0)

    @contextlib.contextmanager
    def lease(self, service, ttl=30.0, required=False):
        """Keeps a service awake for the length of a block, waking it first. Yields the lease's id.

        Renewed from a thread every third of `ttl` seconds, so that it ends soon after this process does, however
        it dies. Yields None where svcd can't be reached (OSError with `required`). Raises SvcdError where it said no.
        """
        span = f"ttl={int(ttl * 1000)}ms"
        try:
            answer = self._send("POST", f"/v1/services/{_quote(service)}/leases?{span}")
        except OSError:
            if required:
                raise
            answer = None
        if answer is None:
            yield None
            return
        lease = json.loads(answer.body)["id"]
        done = threading.Event()

        def renew():
            while not done.wait(ttl / 3):
                with contextlib.suppress(OSError, SvcdError):
                    self._send("PUT", f"/v1/leases/{lease}?{span}")

        threading.Thread(target=renew, daemon=True).start()
        try:
            yield lease
        finally:
            done.set()
            with contextlib.suppress(OSError, SvcdError):
                self._send("DELETE", f"/v1/leases/{lease}")

    def _send(self, method, target):
        connection = _Connection(self.path, self.timeout)
        try:
            connection.request(method, target)
            answer = connection.getresponse()
            answer.body = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"svcd broke off: {error}") from error
        finally:
            connection.close()
        if answer.status >= 400:
            try:
                detail = json.loads(answer.body)["detail"]
            except (ValueError, KeyError):
                detail = answer.reason
            retry = answer.headers.get("Retry-After")
            raise SvcdError(answer.status, detail, int(retry) if retry else None)
        return answer


def _quote(service):
    return urllib.parse.quote(service, safe="")
