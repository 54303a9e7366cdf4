"""A DNS server (RFC 1035, over UDP) that says what a test wants, and may say something else the next time."""

import socket
import struct
import threading

A, SERVER_FAILURE, NO_SUCH_NAME = 1, 2, 3


class FakeDns:
    """`names` leads from a name to its IPv4 addresses, with `ttl`; to a list of such lists: one for each question in turn, the last
    of them for ever; to None: no answer at all. Other names do not exist. While `failing`, every answer is a failure."""

    def __init__(self, ttl=0):
        self.ttl = ttl
        self.names = {}
        self.asked = []  # names, for each question for IPv4 addresses
        self.failing = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.server = "127.0.0.1:%d" % self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                query, peer = self._socket.recvfrom(512)
                answer = self._answer(query)
                if answer:
                    self._socket.sendto(answer, peer)
            except OSError:
                return

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        name, question = ".".join(labels), query[12 : at + 5]
        kind = struct.unpack(">H", query[at + 1 : at + 3])[0]
        if kind == A:
            self.asked.append(name)
        addresses, code = [], 0
        if self.failing:
            code = SERVER_FAILURE
        elif name not in self.names:
            code = NO_SUCH_NAME
        elif self.names[name] is None:
            return None
        elif kind == A:
            addresses = self.names[name]
            if addresses and isinstance(addresses[0], list):
                addresses = addresses.pop(0) if len(addresses) > 1 else addresses[0]
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        record = lambda address: struct.pack(">HHHIH", 0xC00C, A, 1, self.ttl, 4) + socket.inet_aton(address)
        return head + question + b"".join(map(record, addresses))
