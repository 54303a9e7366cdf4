"""Streams through the gateway with real clients and servers of each protocol: gRPC (grpcio), WebSocket (websockets)."""

import asyncio
import concurrent.futures
import queue
import socket
import threading

import grpc
import grpc_health.v1.health
import grpc_reflection.v1alpha.reflection
import websockets.exceptions
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from websockets.asyncio.server import serve
from websockets.sync.client import connect

from support.case import GateCase
from support.net import eventually, free_port

SERVICE = "/acme.billing.v1.Billing/"
ADMIN = "/acme.billing.v1.Admin/"
HEALTH = "grpc.health.v1.Health"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"  # that of grpcio-reflection; v1 has the same messages


class Grpc(grpc.GenericRpcHandler):
    """Methods on bytes: what a gRPC backend does, without messages that matter here."""

    def __init__(self):
        self.metadata = {}
        self.cancelled = threading.Event()

    def service(self, details):
        self.metadata = dict(details.invocation_metadata)
        method = details.method.rsplit("/", 1)[1]
        return {
            "Get": grpc.unary_unary_rpc_method_handler(self.get),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Watch": grpc.unary_stream_rpc_method_handler(self.watch),
            "Collect": grpc.stream_unary_rpc_method_handler(lambda requests, _: b"".join(requests)),
            "Talk": grpc.stream_stream_rpc_method_handler(lambda requests, _: (b"heard " + one for one in requests)),
            "Wipe": grpc.unary_unary_rpc_method_handler(lambda request, _: b"wiped"),
        }.get(method)

    def get(self, request, context):
        context.set_trailing_metadata((("x-cost", "3"),))
        return b"got " + request

    def fail(self, _, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "no such invoice")

    def watch(self, request, context):
        context.add_callback(self.cancelled.set)
        number = 0
        while context.is_active():
            yield b"%d" % number
            number += 1


class Streams(GateCase):
    @classmethod
    def setUpClass(cls):
        cls.backend = Grpc()
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[cls.backend])
        health_pb2_grpc.add_HealthServicer_to_server(grpc_health.v1.health.HealthServicer(), server)
        grpc_reflection.v1alpha.reflection.enable_server_reflection(["acme.billing.v1.Billing", HEALTH], server)
        cls.grpc_port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        cls.addClassCleanup(lambda: server.stop(0).wait())
        cls.websocket_port = free_port()
        cls.websocket_closed = threading.Event()
        cls.run_websocket_server()
        super().setUpClass()

    @classmethod
    def run_websocket_server(cls):
        async def echo(chat):
            try:
                async for message in chat:
                    await chat.send(message)
            finally:
                cls.websocket_closed.set()

        async def main():
            async with serve(echo, "127.0.0.1", cls.websocket_port, subprotocols=["chat"]):
                started.set()
                await stop.wait()

        loop, started = asyncio.new_event_loop(), threading.Event()
        stop = asyncio.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(lambda: loop.call_soon_threadsafe(stop.set))
        started.wait()

    @classmethod
    def policy(cls):
        return {
            "resources": {
                "billing": {
                    "http": {"upstream": {"endpoints": [f"http://127.0.0.1:{cls.grpc_port}"], "protocol": "http2"}, "host": "grpc.test"},
                    "actions": {
                        "call": {"grpc": ["acme.billing.v1.Billing/*"]},
                        "administer": {"grpc": ["acme.billing.v1.Admin/*"]},
                        "probe": {"grpc": [HEALTH + "/Check", REFLECTION + "/ServerReflectionInfo"]},
                    },
                },
                "live": {
                    "http": {"upstream": f"http://127.0.0.1:{cls.websocket_port}", "host": "live.test"},
                    "actions": {"listen": {"websocket": ["/v1/listen"]}, "read": {"methods": ["GET"]}},
                },
            },
            "roles": {
                "deploy": {
                    "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}],
                    "allow": ["billing/call", "billing/probe", "live/listen"],
                    "session": {"ttl": "15m"},
                }
            },
        }

    def setUp(self):
        self.token = self.gate.access(self.issuer)

    def channel(self):
        channel = grpc.insecure_channel(f"127.0.0.1:{self.gate.gateway}", [("grpc.default_authority", "grpc.test")])
        self.addCleanup(channel.close)
        return channel

    def metadata(self, token=None):
        return (("authorization", "Bearer " + (token or self.token)),)

    def end_sessions(self, job):
        ended = self.gate.cli("sessions", "end", "--job", job, "--why", "over")
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def websocket(self, path="/v1/listen", token=None, **more):
        headers = {"Authorization": "Bearer " + (token or self.token)}
        through = socket.create_connection(("127.0.0.1", self.gate.gateway))
        return connect("ws://live.test" + path, sock=through, additional_headers=headers, compression=None, **more)

    def test_a_unary_call_brings_its_answer_and_trailers(self):
        reply, call = self.channel().unary_unary(SERVICE + "Get").with_call(b"42", metadata=self.metadata(), timeout=20)
        self.assertEqual(reply, b"got 42")
        self.assertIn(("x-cost", "3"), call.trailing_metadata())
        self.assertNotIn("authorization", self.backend.metadata)
        self.assertIn("watchword-assertion", self.backend.metadata)

    def test_the_backends_own_status_reaches_the_client(self):
        with self.assertRaises(grpc.RpcError) as failed:
            self.channel().unary_unary(SERVICE + "Fail")(b"", metadata=self.metadata(), timeout=20)
        self.assertEqual((failed.exception.code(), failed.exception.details()), (grpc.StatusCode.NOT_FOUND, "no such invoice"))

    def test_streams_pass_in_both_directions_at_once(self):
        channel = self.channel()
        collected = channel.stream_unary(SERVICE + "Collect")(iter([b"a", b"b", b"c"]), metadata=self.metadata(), timeout=20)
        self.assertEqual(collected, b"abc")
        turns = threading.Semaphore(1)

        def requests():
            for word in (b"one", b"two", b"three"):
                turns.acquire()  # each only after the answer to the one before
                yield word

        heard = []
        for answer in channel.stream_stream(SERVICE + "Talk")(requests(), metadata=self.metadata(), timeout=20):
            heard.append(answer)
            turns.release()
        self.assertEqual(heard, [b"heard one", b"heard two", b"heard three"])

    def test_health_checks_pass_where_an_action_names_them(self):
        health = health_pb2_grpc.HealthStub(self.channel())
        answer = health.Check(health_pb2.HealthCheckRequest(), metadata=self.metadata(), timeout=20)
        self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING)
        with self.assertRaises(grpc.RpcError) as refused:
            next(health.Watch(health_pb2.HealthCheckRequest(), metadata=self.metadata(), timeout=20))
        self.assertEqual(refused.exception.code(), grpc.StatusCode.PERMISSION_DENIED)

    def test_reflection_passes_question_by_question_on_one_call(self):
        """As grpcurl asks: the next question only after the answer to the last one, the call held open meanwhile."""
        questions = queue.SimpleQueue()
        reflection = reflection_pb2_grpc.ServerReflectionStub(self.channel())
        answers = reflection.ServerReflectionInfo(iter(questions.get, None), metadata=self.metadata(), timeout=20)
        questions.put(reflection_pb2.ServerReflectionRequest(list_services=""))
        listed = {service.name for service in next(answers).list_services_response.service}
        self.assertEqual(listed, {"acme.billing.v1.Billing", HEALTH})
        questions.put(reflection_pb2.ServerReflectionRequest(file_containing_symbol=HEALTH))
        self.assertIn(HEALTH.rpartition(".")[0].encode(), next(answers).file_descriptor_response.file_descriptor_proto[0])
        questions.put(None)
        self.assertEqual(list(answers), [])

    def test_a_refusal_is_a_grpc_status_with_the_reason(self):
        with self.assertRaises(grpc.RpcError) as refused:
            self.channel().unary_unary(ADMIN + "Wipe")(b"", metadata=self.metadata(), timeout=20)
        self.assertEqual(refused.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        self.assertIn("not_permitted", refused.exception.details())
        with self.assertRaises(grpc.RpcError) as unknown:
            self.channel().unary_unary(SERVICE + "Get")(b"", metadata=self.metadata("x.y.z"), timeout=20)
        self.assertEqual(unknown.exception.code(), grpc.StatusCode.UNAUTHENTICATED)

    def test_the_end_of_the_session_cuts_a_live_stream(self):
        token = self.gate.access(self.issuer, job_id="9001")
        stream = self.channel().unary_stream(SERVICE + "Watch")(b"", metadata=self.metadata(token), timeout=60)
        self.assertEqual(next(stream), b"0")
        self.end_sessions("9001")
        with self.assertRaises(grpc.RpcError):
            for _ in stream:
                pass
        self.assertTrue(self.backend.cancelled.wait(20), "the backend is told")

    def test_a_websocket_carries_messages_both_ways(self):
        with self.websocket(subprotocols=["chat"]) as chat:
            self.assertEqual(chat.subprotocol, "chat")
            for message in ("hello", b"\x00\xff" * 70000):
                chat.send(message)
                self.assertEqual(chat.recv(timeout=20), message)
        find = lambda: [e for e in self.gate.entries() if e.get("path") == "/v1/listen" and e.get("decision") == "allow"]
        eventually(find, "the WebSocket is on record")

    def test_a_websocket_needs_an_action_of_its_own(self):
        with self.assertRaises(websockets.exceptions.InvalidStatus) as refused:
            self.websocket("/v1/other")
        self.assertEqual(refused.exception.response.status_code, 403)

    def test_the_end_of_the_session_cuts_a_websocket(self):
        token = self.gate.access(self.issuer, job_id="9002")
        type(self).websocket_closed.clear()
        with self.websocket(token=token, subprotocols=["chat"]) as chat:
            chat.send("hello")
            self.assertEqual(chat.recv(timeout=20), "hello")
            self.end_sessions("9002")
            with self.assertRaises(websockets.exceptions.ConnectionClosed):
                chat.recv(timeout=20)
        self.assertTrue(self.websocket_closed.wait(20), "the backend is told")
        find = lambda: [e for e in self.gate.entries() if e.get("event") == "request_cut" and e.get("resource") == "live"]
        cut = eventually(find, "the cut is on record")[0]
        self.assertGreater(cut["detail"]["bytes_up"], 0)
        self.assertGreater(cut["detail"]["bytes_down"], 0)
