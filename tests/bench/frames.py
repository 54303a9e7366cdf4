"""HTTP/2 frames by hand (RFC 9113), for loads that no tool makes: ten thousand streams that stay, and requests that all differ."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4
LARGEST_WINDOW = 2**31 - 1 - 65535


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def prefixed(number, bits):
    """An integer of HPACK (RFC 7541 5.1)."""
    most = (1 << bits) - 1
    if number < most:
        return bytes([number])
    out, number = [most], number - most
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def block(headers):
    """Fields that no table keeps, so that a block means the same on every connection."""
    texts = [part.encode() for pair in headers.items() for part in pair]
    return b"".join((b"" if i % 2 else b"\0") + prefixed(len(text), 7) + text for i, text in enumerate(texts))


def greeting(stream_window=65535):
    """What each side sends first; the client sends PREFACE before it. The connection's window never ends."""
    settings = (4).to_bytes(2, "big") + stream_window.to_bytes(4, "big")
    return frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, LARGEST_WINDOW.to_bytes(4, "big"))


def answer_to(kind, flags, payload):
    """What a frame of the connection itself demands."""
    if flags & ACK or kind not in (SETTINGS, PING):
        return b""
    return frame(kind, ACK, 0, payload if kind == PING else b"")


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
