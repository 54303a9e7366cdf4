"""Policies with everything in them that can be rendered for Envoy, and with what must make no difference to it."""

import random

ENDPOINTS = ["10.0.0.1", "10.0.0.2:8443", "[2001:db8::1]:9", "a.internal", "b.internal:444", "xn--bcher-kva.internal", "a-b.c.d.internal:65535"]
PATHS = [["/v1/**"], ["/", "/v1/*/x"], ["re:/v1/invoices/[0-9]+"], ["/%7Bid%7D/~x"]]
# Each must have been in one of the policies at least.
FEATURES = {"many endpoints", "short form", "tls", "own ca", "server name", "health", "health limits", "eject", "timeouts", "host", "prefix",
            "prefix below another", "methods", "grpc", "websocket",
            "balance", "resolve", "proxy protocol", "http1", "http2", "auto", "no retries", "tcp", "conditions", "deny", "freezes", "limits", "drain"}


class RandomPolicy:
    """`policy`, and what is in it: `features`."""

    def __init__(self, seed, certificate, key):
        self.seed, self.certificate, self.key, self.features = seed, certificate, key, set()
        self.random = random.Random(seed)
        resources, prefixes = {}, []
        for number in range(self.one(range(1, 7))):
            resources[f"S{seed}.R{number}.{self.one(['a', 'b-c', 'd_e'])}"] = self.resource(number, prefixes)
        http = list(resources)
        if self.maybe("tcp"):
            resources[f"ledger-{seed}"] = {"tcp": {"upstream": "db.internal:5432", "timeouts": {"connect": self.time(100, 9_000), "idle": self.time(1_000, 3_600_000)}}}
        self.policy = {"resources": resources} | self.rules(http)

    def one(self, choices):
        return self.random.choice(choices)

    def maybe(self, feature, chance=0.4):
        if self.random.random() >= chance:
            return False
        self.features.add(feature)
        return True

    def time(self, least, most):
        """Edges now and then."""
        return f"{self.one([least, most, *(self.random.randint(least, most) for _ in range(4))])}ms"

    def resource(self, number, prefixes):
        tls = self.maybe("tls")
        http = {"upstream": self.upstream("https" if tls else "http")} | self.place(number, prefixes)
        if tls and self.maybe("own ca"):
            http |= {"ca": self.certificate, "client_certificate": self.certificate, "client_key": self.key}
        if tls and self.maybe("server name"):
            http["server_name"] = self.one(["x.internal", "10.9.9.9"])
        if self.maybe("timeouts"):
            http["timeouts"] = {name: self.time(1, 3_600_000) for name in ("connect", "response", "idle")}
        return {"http": http, "actions": self.actions()}

    def upstream(self, scheme):
        urls = [f"{scheme}://{host}" for host in self.random.sample(ENDPOINTS, self.random.randint(1, 3))]
        if self.maybe("short form", 0.2):
            return urls[0]
        if self.maybe("many endpoints", 0.1):
            urls = [f"{scheme}://10.1.{number}.1:{8000 + number}" for number in range(64)]
        protocol = self.one(["http1", "http2", "auto"])
        self.features.add(protocol)
        upstream = {"endpoints": urls, "protocol": protocol, "max_requests": self.one([1, 1_000_000, self.random.randint(1, 1_000_000)])}
        if self.maybe("balance"):
            upstream["balance"] = self.one(["round_robin", "least_requests"])
        if self.maybe("health"):
            upstream["health"] = {"path": self.one(["/", "/healthz", "/a%20b"]), "every": self.time(100, 9_000)}
            if self.maybe("health limits"):
                upstream["health"] |= {"timeout": self.time(100, 60_000), "healthy": self.one([1, 100]), "unhealthy": self.one([1, 100])}
        if self.maybe("eject"):
            upstream["eject"] = {"after": self.one([1, 1000, self.random.randint(1, 1000)]), "for": self.time(100, 3_600_000)}
        if self.maybe("resolve"):
            upstream["resolve_every"] = self.time(1_000, 3_600_000)
        if self.maybe("proxy protocol"):
            upstream["proxy_protocol"] = self.one(["off", "v2"])
        if self.maybe("no retries"):
            upstream["retries"] = 0
        else:
            upstream["retries"] = self.random.randint(1, 10)
        return upstream

    def place(self, number, prefixes):
        if self.maybe("host", 0.5):
            return {"host": self.one([f"h{number}.example.com", f"{'l' * 60}{number}.example.com", f"xn--h{number}-kva.example.com", f"{number}"])}
        self.features.add("prefix")
        parts = "".join(self.one(["/a", "/b.c", "/%7Bd%7D", "/e~f", "/g+h", "/%C3%BC", "/'(x)'", "/%5Bx%5D"]) for _ in range(self.random.randint(1, 4)))
        below = self.one(prefixes) if prefixes and self.maybe("prefix below another") else ""
        prefixes.append(f"{below}{parts}/{number}")
        return {"prefix": prefixes[-1]}

    def actions(self):
        actions = {}
        if self.maybe("grpc"):
            actions["call"] = {"grpc": self.one([["acme.v1.Orders/Get*", "acme.v1.Orders/List?"], ["acme.*/*"]])}
        if self.maybe("websocket"):
            actions["watch"] = {"websocket": self.one([["/v1/stream/**"], ["/ws"]])}
        if self.maybe("methods") or not actions:
            actions["read"] = {"methods": ["GET", "HEAD"]}
            actions["write"] = [{"methods": ["POST", "PROPFIND"], "paths": self.one(PATHS)}, {"methods": ["DELETE"], "paths": ["/own/*"]}]
        return actions

    def rules(self, names):
        """Roles and so on, none of which Envoy is told of."""
        role = {"granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/*"}}], "session": {"ttl": self.one(["1s", "15m", "24h"])}}
        role["allow"] = [f"{name}/*" for name in names]
        if self.maybe("conditions"):
            role["allow"] = [{"permission": f"{name}/*", "when": 'job.ref == "main" && context.pipeline_status() == "running"',
                              "accept_facts_for": "1h"} for name in names]
        if self.maybe("limits"):
            role["session"]["limits"] = {"rate": "100/s", "concurrent": 20, "bytes": "10GB"}
        if self.maybe("drain"):
            role["session"] |= {"drain": "5s", "proof": self.one(["bearer", "dpop"])}
        rules = {"roles": {f"deploy-{self.seed}": role}}
        if self.maybe("deny"):
            rules["deny"] = [{"name": "fence", "permission": self.one([f"{names[0]}/*", "*/*"]), "unless": "job.ref_protected", "why": "only from protected refs"}]
        if self.maybe("freezes"):
            rules["freezes"] = [{"environment": ["production", "production/*"], "every": "friday 16:00 - monday 08:00", "zone": "Europe/Berlin", "why": "weekend"}]
        return rules
