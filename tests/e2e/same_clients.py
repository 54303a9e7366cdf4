"""Clients that send what a case says, valid or not, over HTTP/1.1 and HTTP/2, and tell what came back."""

import asyncio
import dataclasses
import json
import re

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from support.net import SLOW

SECONDS = 120 * SLOW


@dataclasses.dataclass
class Answer:
    """`status` 0: the connection was closed, or the stream reset, without one. `seen`: which request of the backend's it belongs to."""

    status: int
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""

    @property
    def seen(self):
        number = self.headers.get("x-seen")
        return None if number is None else int(number)

    @property
    def reason(self):
        """Why the gate's door refused, if it did: from problem+json with a record, or from what a gRPC client is told."""
        if self.headers.get("content-type") == "application/problem+json" and self.body:
            problem = json.loads(self.body)
            return problem["reason"] if "record" in problem else None
        told = re.match(r"([a-z_]+)\b", self.headers.get("grpc-message", ""))
        return told and told[1]


class Http1:
    """One connection, kept as long as both sides keep it."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def ask(self, case):
        return await asyncio.wait_for(self._ask(case), SECONDS)

    async def _ask(self, case):
        fresh = self.writer is None
        try:
            if fresh:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
            self.writer.write(case.raw())
            answer = await self._read(case)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.close()
            return Answer(0) if fresh else await self._ask(case)  # it may have been closed since the last one
        if case.alone or answer.status == 101 or answer.headers.get("connection") == "close":
            self.close()
        return answer

    async def _read(self, case):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        answer = Answer(int(head[0].split(" ")[1]), {})
        for line in head[1:-2]:
            name, _, value = line.partition(":")
            answer.headers[name.lower()] = value.strip()
        if answer.status in (100, 103):
            return await self._read(case)
        if case.method != b"HEAD" and answer.status not in (101, 204, 304):
            answer.body = await self.reader.readexactly(int(answer.headers.get("content-length", "0")))
        return answer

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None


class Http2:
    """One connection without TLS, one stream after the other."""

    CONFIG = h2.config.H2Configuration(client_side=True, header_encoding="latin-1", validate_outbound_headers=False, normalize_outbound_headers=False)

    def __init__(self, port):
        self.port, self.writer = port, None

    async def ask(self, case):
        return await asyncio.wait_for(self._ask(case), SECONDS)

    async def _open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.http = h2.connection.H2Connection(self.CONFIG)
        self.http.initiate_connection()

    async def _ask(self, case):
        fresh = self.writer is None
        if fresh:
            await self._open()
        try:
            stream = self.http.get_next_available_stream_id()
            self.http.send_headers(stream, case.fields(), end_stream=not case.body)
            if case.body:
                self.http.send_data(stream, case.body, end_stream=True)
            self.writer.write(self.http.data_to_send())
            answer, ended = Answer(0, {}), False
            while not ended:
                data = await self.reader.read(65536)
                if not data:
                    raise ConnectionResetError
                for event in self.http.receive_data(data):
                    ended |= self._take(event, stream, answer)
                self.writer.write(self.http.data_to_send())
            return answer
        except (ConnectionError, h2.exceptions.ProtocolError):
            self.close()
            return Answer(0) if fresh else await self._ask(case)

    def _take(self, event, stream, answer):
        """True: the stream is over."""
        if isinstance(event, h2.events.ConnectionTerminated):
            raise ConnectionResetError
        if getattr(event, "stream_id", None) != stream:
            return False
        if isinstance(event, h2.events.ResponseReceived):
            answer.headers = dict(event.headers)
            answer.status = int(answer.headers[":status"])
        elif isinstance(event, h2.events.TrailersReceived):
            answer.headers |= dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            self.http.acknowledge_received_data(event.flow_controlled_length, stream)
        return isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset))

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None
