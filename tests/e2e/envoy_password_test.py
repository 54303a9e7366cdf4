"""git and Docker through the real Envoy: they may show their token as a password, are asked for it, and no backend's challenge reaches them."""

import base64

from envoy_front import EnvoyInFront
from support.backends import Api


class ThroughEnvoy(EnvoyInFront):
    @classmethod
    def policy(cls):
        cls.api = Api()
        cls.addClassCleanup(cls.api.stop)
        resource = lambda kind: {"http": {"upstream": cls.api.url, "host": kind + ".test", "kind": kind}, "actions": {"read": {"methods": ["GET"]}}}
        return {
            "resources": {kind: resource(kind) for kind in ("git", "docker", "api")},
            "roles": {"deploy": {
                "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}],
                "allow": ["git/read", "docker/read", "api/read"]}}}

    def test_the_token_is_a_password_where_it_may_be(self):
        basic = "Basic " + base64.b64encode(b"x:" + self.gate.access(self.issuer).encode()).decode()
        for kind, status, asked_for in (
                ("git", 200, 'Basic realm="watchword", Bearer, DPoP'), ("docker", 200, 'Basic realm="watchword"'), ("api", 401, "Bearer, DPoP")):
            with self.subTest(kind):
                self.assertEqual(self.ask("/version", host=kind + ".test", authorization=basic).status, status)
                refused = self.ask("/version", host=kind + ".test")
                self.assertEqual((refused.status, refused.headers["www-authenticate"]), (401, asked_for))
        self.assertEqual([authorization for _, authorization, _ in self.api.seen], [None, None])
        challenged = self.ask("/v2/elsewhere", host="docker.test", authorization=basic)
        self.assertEqual((challenged.status, challenged.headers.get("www-authenticate")), (401, None))
