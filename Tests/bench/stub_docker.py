"""A Docker Engine of a few lines, on a unix socket: containers s0, s1, … that run until they are paused."""

import json
import os
import queue
import socketserver
import threading
from http.server import BaseHTTPRequestHandler


class StubDocker:
    """Serves on `path` until it is closed. What it is asked to do takes no time and is told as an event."""

    def __init__(self, path, count):
        self.status = {f"s{number}": "running" for number in range(count)}
        self.listeners = []
        self.lock = threading.Lock()
        stub = self

        class Bound(Handler):
            docker = stub

        self.server = Server(path, Bound)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def id(self, name):
        return name[1:].rjust(64, "0")

    def name(self, text):
        """By name or by id; null: there is none."""
        name = f"s{int(text)}" if len(text) == 64 and text.isdigit() else text
        return name if name in self.status else None

    def change(self, name, verb):
        """False: it is not in the state that the verb starts from."""
        before, after = {"pause": ("running", "paused"), "unpause": ("paused", "running")}[verb]
        with self.lock:
            if self.status[name] != before:
                return False
            self.status[name] = after
            event = {"Type": "container", "Action": verb, "Actor": {"ID": self.id(name), "Attributes": {"name": name}}}
            for listener in self.listeners:
                listener.put(json.dumps(event) + "\n")
        return True

    def listen(self):
        with self.lock:
            self.listeners.append(queue.Queue())
            return self.listeners[-1]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    # It ends with the process; a stream of events would be waited for in vain.
    block_on_close = False

    def handle_error(self, request, address):
        pass  # svcd has gone


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=""):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        head = f"HTTP/1.1 {status} OK\r\nApi-Version: 1.41\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.wfile.write(head + body)

    def do_GET(self):
        path = self.path.split("?")[0]
        path = path[path.index("/", 1) :] if path.startswith("/v") and path != "/version" else path
        if path == "/_ping":
            self.answer(200, "OK")
        elif path == "/version":
            self.answer(200, {"Version": "20.10"})
        elif path == "/containers/json":
            states = self.docker.status.items()
            self.answer(
                200, [{"Id": self.docker.id(n), "Names": [f"/{n}"], "Image": "i", "State": s} for n, s in states]
            )
        elif path == "/events":
            self.events()
        elif name := self.docker.name(path.split("/")[2]):
            state = {"Status": self.docker.status[name], "Pid": 0}
            described = {"Id": self.docker.id(name), "Name": f"/{name}", "State": state, "Config": {"Image": "i"}}
            self.answer(200, described)
        else:
            self.answer(404, {"message": "no such container"})

    def do_POST(self):
        _, _, text, verb = self.path[self.path.index("/", 1) :].split("/")
        name = self.docker.name(text)
        if name is None:
            self.answer(404, {"message": "no such container"})
        elif self.docker.change(name, verb):
            self.answer(204)
        else:
            self.answer(409 if verb == "pause" else 500, {"message": f"can't {verb}"})

    def events(self):
        listener = self.docker.listen()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line = listener.get().encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
