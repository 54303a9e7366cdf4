"""What the built-in gateway strips of trailers Envoy strips too; and what Envoy cannot do for a resource it does not pass at all."""

import copy
import json
import socket
import threading

import h2.config
import h2.connection
import h2.events

from envoy_xds_test import FORMS, FedByGate
from support.gate import policy_for
from support.net import eventually

FORGED = [("authorization", "Bearer forged"), ("dpop", "forged"), ("traceparent", "forged"), ("tracestate", "forged"), ("x-key", "forged"),
          ("x-watchword-role", "forged"), ("watchword-assertion", "forged"), ("x-forwarded-user", "forged")]


class Trailing:
    """An HTTP/2 backend that answers with trailers of its own. `seen`: the trailers of each request."""

    def __init__(self):
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        with client:
            client.sendall(connection.data_to_send())
            while data := client.recv(65536):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.TrailersReceived):
                        self.seen.append(list(event.headers))
                    elif isinstance(event, h2.events.StreamEnded):
                        connection.send_headers(event.stream_id, [(":status", "200"), ("x-internal", "secret")])
                        connection.send_data(event.stream_id, b"done")
                        connection.send_headers(event.stream_id, [("x-internal", "secret"), ("x-sum", "11")], end_stream=True)
                client.sendall(connection.data_to_send())

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def exchange(port, headers, trailers):
    """The answer's headers and trailers, of a request with a body."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    connection.send_headers(1, headers)
    connection.send_data(1, b"body")
    connection.send_headers(1, trailers, end_stream=True)
    head, tail = {}, {}
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        while True:
            client.sendall(connection.data_to_send())
            data = client.recv(65536)
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    head = dict(event.headers)
                elif isinstance(event, h2.events.TrailersReceived):
                    tail = dict(event.headers)
                elif isinstance(event, h2.events.StreamEnded):
                    return head, tail
            if not data:
                raise AssertionError("the connection was closed")


class Trailers(FedByGate):
    @classmethod
    def policy(cls):
        cls.backend = Trailing()
        cls.addClassCleanup(cls.backend.stop)
        cls.gate.write(cls.gate.path("credential"), "a-credential-of-the-backend")
        upstream = {"endpoints": [cls.backend.url], "protocol": "http2"}
        inject = [{"header": "X-Key", "secret": "file:" + cls.gate.path("credential")}]
        return policy_for(upstream, inject=inject, response={"remove_headers": ["X-Internal"]})

    def headers(self):
        token = self.gate.access(self.issuer)
        return [(":method", "POST"), (":scheme", "http"), (":authority", "billing.test"), (":path", "/v1/x"), ("authorization", "Bearer " + token)]

    def test_neither_side_gets_trailers_that_are_not_for_it(self):
        for form in FORMS:
            head, tail = exchange(self.ports[form], self.headers(), [*FORGED, ("x-checksum", "7")])
            self.assertEqual(head[":status"], "200")
            self.assertNotIn("x-internal", head)
            self.assertEqual(tail, {"x-sum": "11"})
            self.assertEqual(self.backend.seen.pop(), [("x-checksum", "7")])

    def test_a_resource_that_comes_to_be_masked_is_not_passed_any_more(self):
        policy = self.policy_on_disk()
        masked = copy.deepcopy(policy)
        masked["resources"]["billing-api"]["http"]["response"]["redact"] = True
        self.addCleanup(self.set_policy, policy)
        self.set_policy(masked)
        for form in FORMS:
            # Until Envoy has the new routes the gate itself refuses.
            self.assertIn(exchange(self.ports[form], self.headers(), FORGED)[0][":status"], ("404", "503"))
            eventually(lambda: exchange(self.ports[form], self.headers(), FORGED)[0][":status"] == "404", "the route leads nowhere")
            self.assertIn("redact", self.state(form)["trouble"]["found"])
            self.assertFalse(self.doctor("envoy " + form)["good"])
        self.set_policy(policy)
        for form in FORMS:
            eventually(lambda: exchange(self.ports[form], self.headers(), FORGED)[0][":status"] == "200", "it is served again")

    def policy_on_disk(self):
        with open(self.gate.policy_file) as file:
            return json.load(file)
