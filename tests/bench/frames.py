"""What a load says on a connection of its own account, and the frames of the tests."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))

from support.frames import ACK, PING, SETTINGS, WINDOW_UPDATE, frame, settings

LARGEST_WINDOW = 2**31 - 1 - 65535


def greeting(stream_window=65535):
    """What each side sends first; the client sends PREFACE before it. The connection's window never ends."""
    return settings(initial_window_size=stream_window) + frame(WINDOW_UPDATE, payload=LARGEST_WINDOW.to_bytes(4, "big"))


def answer_to(kind, flags, payload):
    """What a frame of the connection itself demands."""
    if flags & ACK or kind not in (SETTINGS, PING):
        return b""
    return frame(kind, ACK, 0, payload if kind == PING else b"")
