"""An https server with one file, as a package registry has the client."""

import http.server
import ssl
import threading

from support.issuer import Quiet
from support.net import free_port


class Registry:
    def __init__(self, case, content, certificate):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        port = free_port()
        self.url = f"https://localhost:{port}/watchword"
        server = Quiet(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        case.addClassCleanup(server.server_close)
        case.addClassCleanup(server.shutdown)
