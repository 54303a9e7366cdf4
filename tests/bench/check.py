"""Envoy's question as bytes (envoy.service.auth.v3.CheckRequest), and the simplest answers."""

from rig import HOST

CHECK = "/envoy.service.auth.v3.Authorization/Check"
PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"


def field(number, value):
    """One length-delimited field of protocol buffers."""
    value = value.encode() if isinstance(value, str) else value
    size, length = len(value), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + value


def message(content):
    """As the body of a gRPC call."""
    return b"\0" + len(content).to_bytes(4, "big") + content


def check_request(token):
    """About one GET; the headers as they came (encode_raw_headers)."""
    headers = {":authority": HOST, ":path": "/v1/invoices", ":method": "GET", ":scheme": "https", "accept": "*/*", "user-agent": "curl/8",
               "authorization": f"Bearer {token}", "x-forwarded-proto": "https", "x-request-id": "5c5e61e5-8b8b-4b8e-9f1e-0d2a6a3c1b7f"}
    raw = b"".join(field(1, field(1, name) + field(3, value)) for name, value in headers.items())
    http = field(1, "1") + field(2, "GET") + field(4, "/v1/invoices") + field(5, HOST) + field(6, "https") + field(10, "HTTP/1.1") + field(13, raw)
    extension = field(10, field(1, "watchword.resource") + field(2, "billing-api"))
    return message(field(1, field(4, field(2, http)) + extension))


# CheckResponse: status {} (code 0), ok_response {}.
TRIVIAL_ALLOW = message(field(1, b"") + field(3, b""))
# ProcessingResponse: request_headers {response {}}.
TRIVIAL_PASS = message(field(1, field(1, b"")))
