"""The real Envoy with what is rendered: what a session has under way ends with its right, and everything else goes on."""

import concurrent.futures
import contextlib
import copy
import http.server
import json
import os
import signal
import socket
import struct
import threading

import grpc
import h2.config
import h2.connection
import h2.events
import websockets.exceptions
from websockets.sync.client import connect
from websockets.sync.server import serve

from envoy_front import EnvoyInFront
from streams_test import SERVICE, Grpc
from support.issuer import Quiet
from support.net import Raw, call, eventually, free_port

SECRET = "a-webhook-token-of-acme"


class Ticking:
    """A backend whose answer to /v1/ticks has no end. `broken` is released for each that the other side has ended."""

    def __init__(self):
        self.broken = threading.Semaphore(0)
        ticking = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    while not ticking.stopped.wait(0.02):
                        self.wfile.write(b"5\r\ntick\n\r\n")
                except OSError:
                    ticking.broken.release()
                self.close_connection = True

        self.stopped = threading.Event()
        self.port = free_port()
        self.server = Quiet(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


class Http2:
    """One request on an HTTP/2 connection; `ended`: how its stream was, once it was. `over`: all that ended whole."""

    def __init__(self, port, headers):
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.connection.initiate_connection()
        self.connection.send_headers(1, headers, end_stream=True)
        self.status, self.received, self.ended, self.over = None, 0, None, set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read_until(self, enough):
        while not enough():
            self.socket.sendall(self.connection.data_to_send())
            data = self.socket.recv(65536)
            if not data:
                raise AssertionError("the connection was closed")
            for event in self.connection.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    self.status = dict(event.headers)[":status"]
                elif isinstance(event, h2.events.DataReceived):
                    self.received += len(event.data)
                    self.connection.acknowledge_received_data(event.flow_controlled_length, 1)
                elif isinstance(event, h2.events.StreamReset):
                    self.ended = "reset"
                elif isinstance(event, h2.events.StreamEnded):
                    self.ended = "whole"
                    self.over.add(event.stream_id)


class Cuts(EnvoyInFront):
    @classmethod
    def setUpClass(cls):
        os.environ["WATCHWORD_TEST_HOOK"] = SECRET
        cls.ticking = Ticking()
        cls.addClassCleanup(cls.ticking.stop)
        cls.grpc = Grpc()
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[cls.grpc])
        cls.grpc_port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        cls.addClassCleanup(lambda: server.stop(0).wait())
        cls.chat_closed = threading.Semaphore(0)
        chat = serve(cls.echo, "127.0.0.1", 0, compression=None)
        cls.chat_port = chat.socket.getsockname()[1]
        threading.Thread(target=chat.serve_forever, daemon=True).start()
        cls.addClassCleanup(chat.shutdown)
        super().setUpClass()

    @classmethod
    def config(cls):
        return super().config() | {"drain": "5s"}

    @classmethod
    def echo(cls, chat):
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            for message in chat:
                chat.send(message)
        cls.chat_closed.release()

    @classmethod
    def issuers(cls):
        return {"gitlab": cls.gitlab(webhook_secret=["env:WATCHWORD_TEST_HOOK"])}

    @classmethod
    def policy(cls):
        read = {"read": {"methods": ["GET"]}}
        return {
            "resources": {
                "billing-api": {"http": {"upstream": cls.upstream.url, "host": "billing.test"}, "actions": read},
                "ticks": {"http": {"upstream": f"http://127.0.0.1:{cls.ticking.port}", "host": "ticks.test"}, "actions": read},
                "chat": {"http": {"upstream": f"http://127.0.0.1:{cls.chat_port}", "host": "chat.test"},
                         "actions": {"talk": {"websocket": ["/v1/chat"]}} | read},
                "grpc": {"http": {"upstream": {"endpoints": [f"http://127.0.0.1:{cls.grpc_port}"], "protocol": "http2"}, "host": "grpc.test"},
                         "actions": {"call": {"grpc": ["acme.billing.v1.Billing/*"]}}},
            },
            "roles": {
                "deploy": {
                    "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}],
                    "allow": ["billing-api/read", "ticks/read", "chat/talk", "grpc/call"],
                    "session": {"ttl": "15m", "ends_with_job": True},
                },
                "few": {
                    "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/few"}}],
                    "allow": ["billing-api/read", "ticks/read"],
                    "session": {"ttl": "15m", "limits": {"concurrent": 1}},
                },
            },
        }

    def job(self, number, **claims):
        return self.gate.access(self.issuer, job_id=str(number), **claims)

    def finish(self, number):
        event = {"object_kind": "build", "build_id": number, "build_status": "success", "pipeline_id": 815, "project_id": 42}
        headers = {"content-type": "application/json", "x-gitlab-event": "System Hook", "x-gitlab-token": SECRET}
        self.assertEqual(call(self.gate.api, "POST", "/hooks/gitlab", headers, json.dumps(event).encode()).status, 200)

    def headers(self, token, host):
        return {"host": host, "authorization": "Bearer " + token}

    def ticks(self, token, path="/v1/ticks"):
        """A connection in the middle of an answer without end."""
        raw = Raw(self.port, timeout=60)
        raw.send(f"GET {path} HTTP/1.1\r\nhost: ticks.test\r\nauthorization: Bearer {token}\r\n\r\n")
        raw.read_until(b"tick\n")
        return raw

    def chat(self, token, path="/v1/chat"):
        through = socket.create_connection(("127.0.0.1", self.port))
        return connect("ws://chat.test" + path, sock=through, additional_headers={"Authorization": "Bearer " + token}, compression=None)

    def session_of(self, number):
        return next(one["id"] for one in self.gate.all_sessions() if one["job"] == str(number))

    def cut_of(self, number):
        session = self.session_of(number)
        find = lambda: next((e for e in self.gate.entries() if e["event"] == "request_cut" and e["session"] == session), None)
        return eventually(find, "the cut is on record")

    def assert_cut_for(self, number, reason, resource):
        """The record says why, of which request; so does Envoy's log, in the line of that request."""
        cut = self.cut_of(number)
        self.assertEqual((cut["reason"], cut["resource"], cut["detail"]["via"]), (reason, resource, "envoy"))
        self.assertEqual(self.gate.entry(cut["detail"]["request"])["decision"], "allow")

        def logged():
            with open(self.log) as file:
                lines = [json.loads(line) for line in file.read().splitlines()]
            return next((line for line in lines if f"watchword:{reason}" in line["details"] and line["record"] in (cut["id"], cut["detail"]["request"])), None)

        self.assertEqual(eventually(logged, "Envoy's log says why")["route"], resource)

    def test_a_download_ends_with_its_job_and_anothers_goes_on(self):
        with self.ticks(self.job(9001)) as mine, self.ticks(self.job(9002)) as other:
            self.finish(9001)
            mine.read_all()  # returns: the connection was closed
            self.assertTrue(self.ticking.broken.acquire(timeout=60), "the backend is told")
            other.received = b""
            other.read_until(b"tick\n")
            self.assertEqual(self.ask("/v1/x", self.gate.tokens[-1]).status, 200)
            self.assert_refused(self.ask("/v1/x", self.gate.tokens[-2]), 401, "session_ended")
        self.assert_cut_for(9001, "session_ended", "ticks")

    def test_an_http2_stream_ends_with_its_job_and_its_connection_stays(self):
        headers = [(":method", "GET"), (":scheme", "http"), (":authority", "ticks.test"), (":path", "/v1/ticks"), ("authorization", "Bearer " + self.job(9010))]
        with Http2(self.port, headers) as stream:
            stream.read_until(lambda: stream.received >= 10)
            self.finish(9010)
            stream.read_until(lambda: stream.ended)
        self.assertEqual((stream.status, stream.ended), ("200", "reset"))
        self.assert_cut_for(9010, "session_ended", "ticks")

    def test_a_grpc_stream_ends_with_its_job(self):
        self.grpc.cancelled.clear()
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", [("grpc.default_authority", "grpc.test")])
        self.addCleanup(channel.close)
        metadata = (("authorization", "Bearer " + self.job(9020)),)
        reply, done = channel.unary_unary(SERVICE + "Get").with_call(b"42", metadata=metadata, timeout=60)
        self.assertEqual((reply, ("x-cost", "3") in done.trailing_metadata()), (b"got 42", True))
        stream = channel.unary_stream(SERVICE + "Watch")(b"", metadata=metadata, timeout=60)
        self.assertEqual(next(stream), b"0")
        self.finish(9020)
        with self.assertRaises(grpc.RpcError):
            for _ in stream:
                pass
        self.assertTrue(self.grpc.cancelled.wait(60), "the backend is told")
        self.assert_cut_for(9020, "session_ended", "grpc")

    def test_a_websocket_ends_with_its_job(self):
        with self.chat(self.job(9030)) as chat:
            chat.send("hello")
            self.assertEqual(chat.recv(timeout=60), "hello")
            self.finish(9030)
            with self.assertRaises(websockets.exceptions.ConnectionClosed):
                chat.recv(timeout=60)
        self.assertTrue(self.chat_closed.acquire(timeout=60), "the backend is told")
        self.assert_cut_for(9030, "session_ended", "chat")

    def test_a_websocket_needs_an_action_of_its_own(self):
        token = self.job(9031)
        with self.assertRaises(websockets.exceptions.InvalidStatus) as refused:
            self.chat(token, "/v1/other")
        self.assertEqual(refused.exception.response.status_code, 403)
        self.assertIn(b"action_unknown", refused.exception.response.body)
        reply = call(self.port, "GET", "/v1/chat", self.headers(token, "chat.test") | {"upgrade": "h3", "connection": "upgrade"})
        self.assertEqual(reply.status, 403)  # Envoy's own: no such upgrade is configured

    def test_who_has_no_answer_yet_is_told_why(self):
        token = self.job(9040)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(self.ask, "/v1/hang", token)
            self.assertTrue(self.upstream.hanging.acquire(timeout=60))
            self.finish(9040)
            self.assert_refused(waiting.result(60), 401, "session_ended")
        self.upstream.release()
        self.assert_cut_for(9040, "session_ended", "billing-api")

    def test_a_session_that_a_person_ends_is_cut(self):
        with self.ticks(self.job(9050)) as mine:
            self.assertEqual(self.gate.cli("sessions", "end", "--job", "9050", "--why", "over").returncode, 0)
            mine.read_all()
        self.assert_cut_for(9050, "session_ended", "ticks")

    def test_a_policy_that_takes_the_right_away_cuts(self):
        narrowed = copy.deepcopy(self.policy())
        narrowed["roles"]["deploy"]["allow"].remove("ticks/read")
        with self.ticks(self.job(9060)) as mine:
            self.gate.write(self.gate.policy_file, narrowed)
            self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)
            mine.read_all()
        self.assert_cut_for(9060, "not_permitted", "ticks")
        self.gate.write(self.gate.policy_file, self.policy())
        self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)

    def test_a_session_may_have_so_many_under_way(self):
        token = self.job(9070, project_path="acme/few")
        with self.ticks(token):
            self.assert_refused(self.ask("/v1/x", token), 429, "limit_reached")
        eventually(lambda: self.ask("/v1/x", token).status == 200, "Envoy has told that the first is over")

    def test_clients_that_leave_in_a_crowd_take_nobody_along(self):
        token = self.job(9071)
        with self.ticks(token) as mine:
            for leave in (self.leave_over_http1, self.leave_over_http2):
                leave()
                self.assertEqual(self.ask("/v1/x", token).status, 200)
                mine.received = b""
                mine.read_until(b"tick\n")
            mine.read_until(b"tick\n")
        self.assertEqual(self.overflows(), 0)

    def overflows(self):
        """How often Envoy has taken its own frames for a flood."""
        stats = call(self.admin, "GET", "/stats?filter=outbound.*flood").body.splitlines()
        self.assertTrue(stats)
        return sum(int(line.rsplit(b" ", 1)[1]) for line in stats)

    def leave_over_http1(self):
        for _ in range(2000):
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(b"GET /v1/x HTTP/1.1\r\nhost: billing.test\r\n\r\n")

    def leave_over_http2(self):
        """Each connection stays below the 250 resets at which Envoy closes it; the last request shows that they are through."""
        request = [(":method", "GET"), (":scheme", "http"), (":authority", "billing.test"), (":path", "/v1/x")]
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Http2(self.port, request)) for _ in range(16)]
            for client in clients:
                for stream in range(3, 403, 2):
                    client.connection.send_headers(stream, request, end_stream=True)
                    client.connection.reset_stream(stream)
                client.connection.send_headers(403, request, end_stream=True)
            for client in clients:
                client.socket.sendall(client.connection.data_to_send())
            for client in clients:
                client.read_until(lambda: 403 in client.over)
                self.assertEqual(client.status, "401")

    def test_a_large_body_passes_whole(self):
        size = 100_000_000
        reply = self.ask(f"/v1/bytes/{size}", self.job(9080))
        self.assertEqual((reply.status, len(reply.body)), (200, size))
        self.assertEqual(reply.headers["content-length"], str(size))

    def test_trailers_pass_over_http2_and_end_at_envoy_over_http1(self):
        """Envoy's default: without `enable_trailers` it drops those of HTTP/1.1. The rest of the answer is whole."""
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", [("grpc.default_authority", "grpc.test")])
        self.addCleanup(channel.close)
        _, done = channel.unary_unary(SERVICE + "Get").with_call(b"42", metadata=(("authorization", "Bearer " + self.job(9082)),), timeout=60)
        self.assertIn(("x-cost", "3"), done.trailing_metadata())
        with Raw(self.port) as raw:
            raw.send(f"GET /v1/trailers HTTP/1.1\r\nhost: billing.test\r\nte: trailers\r\nauthorization: Bearer {self.job(9081)}\r\n\r\n")
            self.assertTrue(raw.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 "))
            body = raw.read_until(b"\r\n0\r\n")
            self.assertEqual((body.count(b"hello"), body.count(b" world")), (1, 1))
            self.assertEqual(raw.read_until(b"\r\n"), b"\r\n", "no trailer")

    def test_a_gate_that_dies_takes_its_streams_along_and_its_successor_serves_new_ones(self):
        token = self.job(9090)
        with self.ticks(token) as mine:
            self.gate.kill()
            mine.read_all()
        self.assertTrue(self.ticking.broken.acquire(timeout=60), "the backend is told")
        self.assertEqual(self.ask("/v1/x", token).status, 503)
        self.gate.start()
        eventually(lambda: self.ask("/v1/x", token).status == 200, "Envoy finds the gate again")
        with self.ticks(token) as mine:
            self.finish(9090)
            mine.read_all()

    def test_a_gate_that_stops_holds_what_runs_until_the_end_of_its_drain_and_no_longer(self):
        token = self.job(9091)
        with self.ticks(token) as mine:
            self.gate.process.send_signal(signal.SIGTERM)
            eventually(lambda: self.ask("/v1/x", token).status == 503, "new requests find no gate")
            if self.gate.process.poll() is None:
                mine.received = b""
                mine.read_until(b"tick\n")
            self.gate.process.wait(60)
            mine.read_all()
        self.gate.start()
        eventually(lambda: self.ask("/v1/x", token).status == 200, "Envoy finds the gate again")
