"""A backend that records each request as it came, byte for byte, and names the record in its answer."""

import asyncio
import base64
import dataclasses
import hashlib
import threading

from support.net import free_port

WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3


@dataclasses.dataclass
class Seen:
    method: str
    target: str
    headers: list  # (name in lower case, value), in order; bytes as Latin-1
    body: bytes

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def one(self, name):
        """The value of a header that must be there once."""
        (value,) = self.all(name)
        return value


class Backend:
    """HTTP/1.1 on a loop of its own. `seen`: every request; the answer's `x-seen` is its place there."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self):
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 20, backlog=512))
        self._loop.run_forever()
        under_way = asyncio.all_tasks(self._loop)
        for task in under_way:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*under_way, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader, writer):
        try:
            while True:
                seen = await self._read(reader)
                self.seen.append(seen)
                writer.write(self._answer(seen, len(self.seen) - 1))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the other side has closed, or the test is over
        finally:
            writer.close()

    @staticmethod
    async def _read(reader):
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1")
        line, *fields = head.split("\r\n")
        method, rest = line.split(" ", 1)
        seen = Seen(method, rest.rsplit(" ", 1)[0], [], b"")
        for field in fields:
            name, _, value = field.partition(":")
            seen.headers.append((name.lower(), value.strip(" \t")))
        if seen.all("transfer-encoding"):
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                seen.body += await reader.readexactly(size)
                await reader.readexactly(2)
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
        else:
            seen.body = await reader.readexactly(int((seen.all("content-length") or ["0"])[0]))
        return seen

    @staticmethod
    def _answer(seen, number):
        if "websocket" in seen.all("upgrade") and seen.all("sec-websocket-key"):
            accept = base64.b64encode(hashlib.sha1(seen.one("sec-websocket-key").encode() + WEBSOCKET).digest()).decode()
            status = f"101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}"
        elif seen.all("upgrade"):
            status = "400 Bad Request\r\ncontent-length: 0"
        else:
            status = "200 OK\r\ncontent-length: 0"
        return f"HTTP/1.1 {status}\r\nx-seen: {number}\r\n\r\n".encode()
