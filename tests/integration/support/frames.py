"""HTTP/2 frames byte for byte (RFC 9113 4.1), for clients that do what no library would."""

import struct

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
ACK = END_STREAM = 1
END_HEADERS = 4
ENHANCE_YOUR_CALM = 11
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values):
    """By name: initial_window_size=0."""
    numbers = {"header_table_size": 1, "max_concurrent_streams": 3, "initial_window_size": 4}
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", numbers[name], value) for name, value in values.items()))


def _number(value, bits):
    """RFC 7541 5.1, without what stands in the first byte."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    value, out = value - most, bytes([most])
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def field(name, value, indexed=False):
    """A literal with a new name, into the dynamic table or not."""
    name, value = name.encode(), value.encode()
    return (b"\x40" if indexed else b"\x00") + _number(len(name), 7) + name + _number(len(value), 7) + value


def block(headers):
    """Fields that no table keeps, so that a block means the same on every connection."""
    return b"".join(field(name, value) for name, value in headers.items())


NEWEST = b"\xbe"  # the newest field of the dynamic table


def request(path, authority, token=None, method=b"\x82"):
    """The block of GET over http; `token` for Authorization."""
    block = method + b"\x86" + field(":authority", authority) + field(":path", path)
    return block + (field("authorization", "Bearer " + token) if token else b"")


class Frames:
    """Cuts what arrives into (kind, flags, stream, payload)."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        data = self.rest + data
        at, end = 0, len(data)
        while end - at >= 9:
            after = at + 9 + int.from_bytes(data[at:at + 3], "big")
            if after > end:
                break
            yield data[at + 3], data[at + 4], int.from_bytes(data[at + 5:at + 9], "big"), data[at + 9:after]
            at = after
        self.rest = data[at:]


def farewell(received):
    """The error code of the GOAWAY; None: there is none."""
    return next((int.from_bytes(payload[4:8], "big") for kind, _, _, payload in Frames().feed(received) if kind == GOAWAY), None)
