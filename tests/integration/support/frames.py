"""HTTP/2 frames byte for byte (RFC 9113 4.1), for clients that do what no library would."""

import struct

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
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


NEWEST = b"\xbe"  # the newest field of the dynamic table


def request(path, authority, token=None, method=b"\x82"):
    """The block of GET over http; `token` for Authorization."""
    block = method + b"\x86" + field(":authority", authority) + field(":path", path)
    return block + (field("authorization", "Bearer " + token) if token else b"")


def frames_in(received):
    """(kind, flags, stream, payload) of each whole frame."""
    while len(received) >= 9:
        length = int.from_bytes(received[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", received[3:9])
        if len(received) < 9 + length:
            return
        yield kind, flags, stream, received[9 : 9 + length]
        received = received[9 + length :]


def farewell(received):
    """The error code of the GOAWAY; None: there is none."""
    return next((int.from_bytes(payload[4:8], "big") for kind, _, _, payload in frames_in(received) if kind == GOAWAY), None)
