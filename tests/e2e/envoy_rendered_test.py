"""The real Envoy takes what `watchword envoy config` renders, and with it nothing gets past the gate."""

import concurrent.futures
import copy
import json
import os
import stat
import subprocess

from envoy_front import ENVOY, EnvoyInFront
from random_policy import FEATURES, RandomPolicy
from support.authority import Authority
from support.case import Https
from support.envoy import INVALID, OK, EnvoyCase, manager_of
from support.gate import policy_for, run
from support.net import SLOW, eventually, free_port
from support.upstream import Upstream


class RealEnvoy(EnvoyCase):
    POLICIES, AT_ONCE = 200, 20

    def setUp(self):
        super().setUp()
        self.certificate, self.key = self.path("c.pem"), self.path("k.pem")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gate"]
        subprocess.run([*command, "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)

    def test_it_takes_what_is_rendered(self):
        done = self.gate_cli("config", "--check", "--envoy", ENVOY, "--admin", "unix:" + self.path("admin.sock"), "--output", self.path("envoy.json"))
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
        policies = [RandomPolicy(seed, self.certificate, self.key) for seed in range(self.POLICIES)]
        self.assertEqual(set().union(*(policy.features for policy in policies)), FEATURES)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            rendered = list(pool.map(self.render_random, policies))
        for start in range(0, self.POLICIES, self.AT_ONCE):
            merged, *others = rendered[start:start + self.AT_ONCE]
            clusters = {cluster["name"]: cluster for other in others for cluster in other["static_resources"]["clusters"]}
            merged["static_resources"]["clusters"] = [*({one["name"]: one for one in merged["static_resources"]["clusters"]} | clusters).values()]
            merged["static_resources"]["listeners"] += [listener for other in others for listener in other["static_resources"]["listeners"]]
            done = run("envoy", "check", self.write(f"{start}.json", merged), "--envoy", ENVOY)
            self.assertEqual(done.returncode, OK, f"seeds from {start}: {done.stderr}")

    def render_random(self, random):
        folder = self.path(f"policy{random.seed}")
        os.mkdir(folder)
        self.gate.write(os.path.join(folder, "p.yaml"), random.policy)
        options = "--ca-bundle", self.certificate, "--listen", f"127.0.0.1:{10000 + random.seed}", "--host", "gate.test"
        bootstrap = self.render("--policy", folder, *options)
        bootstrap["static_resources"]["listeners"][0]["name"] += str(random.seed)
        self.assert_all_is_there(bootstrap, {name: one["http"] for name, one in random.policy["resources"].items() if "http" in one})
        return bootstrap

    def assert_all_is_there(self, bootstrap, resources):
        """Each HTTP resource has its cluster, with all endpoints, and its routes lead to no other."""
        clusters = {cluster["name"]: cluster for cluster in bootstrap["static_resources"]["clusters"]}
        routes = [(host, route) for host in manager_of(bootstrap)["route_config"]["virtual_hosts"] for route in host["routes"] if "route" in route]
        self.assertEqual({route["name"].removesuffix(":root") for _, route in routes}, set(resources))
        for host, route in routes:
            name = route["name"].removesuffix(":root")
            http, cluster = resources[name], clusters[route["route"]["cluster"]]
            self.assertEqual(cluster["name"], "resource/" + name)
            self.assertIn(http.get("host", "gate.test"), host["domains"])
            self.assertEqual("prefix_rewrite" in route["route"], "prefix" in http)
            groups = cluster["load_assignment"]["endpoints"]
            urls = http["upstream"]["endpoints"] if isinstance(http["upstream"], dict) else [http["upstream"]]
            self.assertEqual(sum(len(group["lb_endpoints"]) for group in groups), len(urls), name)
            self.assertEqual("UpstreamTlsContext" in json.dumps(cluster), urls[0].startswith("https:"), name)


class BehindTls(Https, EnvoyInFront):
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

    def test_http2_is_agreed_on_and_carries_many_requests(self):
        token, url = self.gate.access(self.issuer), f"https://localhost:{self.port}/v1/x"
        headers = ["-H", "Authorization: Bearer " + token]
        one = subprocess.run(["curl", "-sS", "--http2", "--cacert", self.gate.tls, "-H", "Host: billing.test", *headers, "-w", " %{http_version} %{http_code}", url],
                             capture_output=True, text=True, timeout=60 * SLOW)
        self.assertEqual(one.stdout, "ok 2 200", one.stderr)
        many = subprocess.run(["h2load", "-n", "1000", "-c", "4", "-m", "20", "-H", ":authority: billing.test", *headers, url], capture_output=True, text=True, timeout=120 * SLOW)
        self.assertIn("Application protocol: h2", many.stdout)
        self.assertIn("1000 succeeded, 0 failed", many.stdout)
        self.assertIn("status codes: 1000 2xx", many.stdout)


class Behind(EnvoyInFront):
    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        policy["resources"]["prefixed"] = copy.deepcopy(policy["resources"]["billing-api"])
        del policy["resources"]["prefixed"]["http"]["host"]
        policy["resources"]["prefixed"]["http"]["prefix"] = "/billing"
        policy["roles"]["deploy"]["allow"].append("prefixed/read")
        return policy

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
