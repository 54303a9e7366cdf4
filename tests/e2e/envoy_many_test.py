"""5,000 resources, by host and by prefix: rendered, validated and served by the real Envoy, each request decided about its own resource."""

import random

from envoy_front import EnvoyInFront
from same_backend import Backend
from support.net import eventually

RESOURCES = 5000
FILES = 10  # of the policy, of which each may have 1 MiB
LOOKED_AT = sorted({0, 1, RESOURCES - 2, RESOURCES - 1, *random.Random(5000).sample(range(RESOURCES), 20)})


def place(number):
    """Even ones by host, odd ones by prefix; a third of those below the prefix of another."""
    if number % 2 == 0:
        return {"host": f"r{number}.test"}
    return {"prefix": f"/r{number - 6}/in/r{number}" if number % 3 == 0 and number > 6 else f"/r{number}"}


def allowed(number):
    return number % 4 < 2


class Many(EnvoyInFront):
    @classmethod
    def policy(cls):
        cls.backend = Backend()
        cls.addClassCleanup(cls.backend.stop)

        def resource(number):
            actions = {"own": {"methods": ["GET"], "paths": [f"/own/{number}"]}, "other": {"methods": ["POST"]}}
            return {"http": {"upstream": cls.backend.url} | place(number), "actions": actions}

        for part in range(FILES):
            numbers = range(part, RESOURCES, FILES)
            cls.gate.write(cls.gate.path(f"policy/many-{part}.yaml"), {"resources": {f"r{number}": resource(number) for number in numbers}})
        granted = [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}]
        return {"roles": {"deploy": {"granted_to": granted, "allow": [f"r{number}/{'own' if allowed(number) else 'other'}" for number in LOOKED_AT]}}}

    def test_each_is_decided_about_by_itself(self):
        token, refused = self.gate.access(self.issuer), {}
        for number in LOOKED_AT:
            host, prefix = place(number).get("host", "gate.test"), place(number).get("prefix", "")
            reply, seen = self.ask(f"{prefix}/own/{number}", token, host), len(self.backend.seen)
            if allowed(number):
                self.assertEqual((reply.status, self.backend.seen[-1].target), (200, f"/own/{number}"), number)
            else:
                self.assert_refused(reply, 403, "not_permitted")
                refused[reply.json["record"]] = f"r{number}"
            other = self.ask(f"{prefix}/own/{number + 1}", token, host)
            self.assert_refused(other, 403, "action_unknown")
            refused[other.json["record"]] = f"r{number}"
            self.assertEqual(len(self.backend.seen), seen)
        published = lambda: {entry["id"]: entry["resource"] for entry in self.gate.entries() if entry["id"] in refused}
        self.assertEqual(eventually(lambda: len(found := published()) == len(refused) and found, "all is published", 120), refused)

    def test_what_is_none_of_them_leads_nowhere(self):
        token = self.gate.access(self.issuer)
        for host, path in ((f"r{RESOURCES}.test", "/own/0"), ("gate.test", f"/r{RESOURCES + 1}/own/1"), ("gate.test", "/r1x/own/1"), ("gate.test", "/own/1")):
            self.assert_refused(self.ask(path, token, host), 404, "host_unknown")
        self.assertEqual(self.ask(f"/own/{LOOKED_AT[0]}", token, f"R{LOOKED_AT[0]}.TEST:80").status, 200)
