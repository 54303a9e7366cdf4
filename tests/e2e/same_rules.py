"""When two answers differ, and where they may: docs/envoy.md, "Where Envoy differs"."""

import re

from same_cases import PLACES
from support.keys import claims_of

HOSTS_OF_RESOURCES = {host for host, _ in PLACES}

# Of which each side makes its own, or which belong to one connection.
OWN = {"x-forwarded-for", "x-request-id", "traceparent", "watchword-assertion", "content-length", "transfer-encoding", "connection", "te", "trailer", "sec-websocket-key"}


def told(seen):
    """What the backend is told: all that must be the same from both sides."""
    claims = claims_of(seen.one("watchword-assertion"))
    who = {name: claims[name] for name in ("sub", "aud", "job") if name in claims}
    headers = {}
    for name, value in seen.headers:
        if name not in OWN:
            headers.setdefault(name, []).append(value)
    # Envoy joins those that it knows, and leaves out empty ones.
    headers = {name: re.sub(r"\s*,\s*", ",", ",".join(value for value in values if value)) for name, values in headers.items()}
    return seen.method, seen.target, headers, who, seen.body


def difference(gate, envoy, seen):
    """None, or how the two answers differ."""
    if gate.seen is not None and envoy.seen is not None:
        method, target, *rest = told(seen[envoy.seen])
        if told(seen[gate.seen]) == (method, target, *rest):
            return None
        return "query" if told(seen[gate.seen]) == (method, target.removesuffix("?"), *rest) else "other"
    if gate.seen is not None or envoy.seen is not None:
        return "stricter" if envoy.seen is None else "looser"
    if gate.reason and envoy.reason:
        return None if gate.reason == envoy.reason else "reason"
    return None if refused(gate) and refused(envoy) else "status"


# To Envoy.
UNKNOWN_METHODS = (b"FOO", b"DELETE_", b"PRI", b"M-SEARCH", b"X" * 300)


def refused(answer):
    """By the status, by gRPC's, or by closing the connection."""
    return "grpc-status" in answer.headers or answer.status == 0 or 400 <= answer.status < 500 or answer.status == 501


def odd_spelling(case):
    """What is no plain path: Envoy normalises it, or refuses it in other words."""
    path = case.target.partition(b"?")[0]
    return re.search(rb"//|/\.\.?[/;]|/\.\.?$|%2e|\\|[^!-~]|[\"<>^`{|}#]", path, re.I) is not None


def absolute(case):
    return re.match(rb"[a-z]+://", case.target, re.I) is not None


def wants_upgrade(case):
    return case.values(b"upgrade") is not None or b"upgrade" in (case.values(b"connection") or b"").lower()


def plain_host(case):
    return case.hosts[0].strip().partition(b":")[0].lower()


def is_websocket(case):
    return (case.values(b"upgrade") or b"").lower() == b"websocket"


# name -> (differences that it explains, when)
RULES = {
    "an empty query keeps its '?'": ({"query"}, lambda case, gate, envoy: case.target.endswith(b"?")),
    "paths are normalised": ({"looser", "reason"}, lambda case, gate, envoy: odd_spelling(case)),
    "the host of an absolute target counts, and not the header's": ({"looser", "stricter", "reason"}, lambda case, gate, envoy: absolute(case)),
    "the :authority counts, and not the header host": ({"looser"}, lambda case, gate, envoy: case.http2 and case.values(b"host") is not None),
    "http2-settings in HTTP/2 is passed on": ({"looser"}, lambda case, gate, envoy: case.http2 and case.values(b"http2-settings") is not None),
    "white space around a value of HTTP/2 is left out": ({"looser"}, lambda case, gate, envoy: case.http2 and any(value != value.strip() for _, value in case.headers)),
    "upgrades that it does not know are left out": ({"looser", "reason"}, lambda case, gate, envoy: wants_upgrade(case) and not is_websocket(case)),
    "a WebSocket's version and key are the backend's to check": ({"looser"}, lambda case, gate, envoy: is_websocket(case) and case.values(b"sec-websocket-key") is None),
    "a folded line is joined": ({"looser", "reason"}, lambda case, gate, envoy: b"\r\n" in b"".join(value for _, value in case.headers)),
    "a bare LF ends a line": ({"looser"}, lambda case, gate, envoy: case.newline == b"\n" or any(b"\n" in value for _, value in case.headers)),
    "a bare CR in a value is left out": ({"looser"}, lambda case, gate, envoy: any(b"\r" in value for _, value in case.headers)),
    "white space behind the version": ({"looser"}, lambda case, gate, envoy: case.version == b"HTTP/1.1 "),
    "options of connection may be anything": ({"looser"}, lambda case, gate, envoy: re.search(rb"@|x mine", case.values(b"connection") or b"") is not None),
    "headers that connection names are left out before the question": (
        {"stricter", "reason"}, lambda case, gate, envoy: re.search(rb"authorization|host|x-forwarded|content-length", case.values(b"connection") or b"") is not None),
    "other expectations than 100-continue are left out": ({"looser", "reason"}, lambda case, gate, envoy: b"other" in (case.values(b"expect") or b"")),
    "an empty host beside another is left out": ({"looser"}, lambda case, gate, envoy: len(case.hosts) == 2 and b"" in [host.strip() for host in case.hosts]),
    "a comma makes two tokens": ({"reason"}, lambda case, gate, envoy: case.token == "twice"),
    "prefixes are on the gate's own hosts": ({"stricter"}, lambda case, gate, envoy: envoy.status == 404 and plain_host(case) not in HOSTS_OF_RESOURCES),
    "names with '_' are refused": ({"stricter", "reason"}, lambda case, gate, envoy: any(b"_" in name for name, _ in case.headers)),
    "HTTP/1.0 is refused": ({"stricter"}, lambda case, gate, envoy: case.version == b"HTTP/1.0"),
    "methods that it does not know are refused": ({"stricter"}, lambda case, gate, envoy: case.method in UNKNOWN_METHODS),
}
