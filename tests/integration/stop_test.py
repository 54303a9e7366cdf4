"""SIGTERM: every door closes at once, and what hangs has one drain time for all of it."""

import signal
import socket

from support.case import GateCase
from support.gate import policy_for
from support.net import SLOW, Raw, eventually


class Stop(GateCase):
    @classmethod
    def policy(cls):
        # What hangs longer than one drain time is answered 504; two drain times would be long enough for that.
        return policy_for(cls.upstream.url, timeouts={"response": f"{int(6 * SLOW)}s"})

    @classmethod
    def config(cls):
        return {"drain": f"{int(4 * SLOW)}s"}

    def refused(self):
        try:
            socket.create_connection(("127.0.0.1", self.gate.gateway), timeout=5).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_all_servers_are_drained_together(self):
        token = self.gate.access(self.issuer)
        with Raw(self.gate.api, timeout=60) as api, Raw(self.gate.gateway, timeout=60) as gateway:
            api.send("POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     "Expect: 100-continue\r\nContent-Length: 100\r\n\r\n")
            api.read_until(b"100 Continue\r\n\r\n")  # the request is being read, and hangs
            gateway.send(f"GET /v1/hang HTTP/1.1\r\nHost: billing.test\r\nAuthorization: Bearer {token}\r\n\r\n")
            self.assertTrue(self.upstream.hanging.acquire(timeout=10))
            self.gate.process.send_signal(signal.SIGTERM)
            eventually(self.refused, "new connections to the gateway are refused")
            api.socket.setblocking(False)
            self.assertRaises(BlockingIOError, api.socket.recv, 1)  # while the api's request still has its time
            self.assertIsNone(self.gate.process.poll())
            self.assertEqual(gateway.read_all(), b"", "cut at the end of the drain time, before the 504 that comes later")
            self.assertEqual(self.gate.process.wait(30 * SLOW), 0)
