"""watchword policy who-can and policy diff: what they say is what policy explain says (docs/policy-analysis.md)."""

import json
import os
import shutil
import tempfile
import unittest

from support.gate import run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "examples/policy")
OK, FAILED, USAGE, INVALID, DENIED = range(5)


class PolicyAnalysis(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def run_policy(self, code, *arguments):
        done = run("policy", *arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def changed(self, file, old, new):
        """A copy of the examples in which one text is another."""
        folder = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "policy")
        shutil.copytree(EXAMPLES, folder)
        path = os.path.join(folder, file)
        with open(path, encoding="utf-8") as before:
            text = before.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8") as after:
            after.write(text.replace(old, new))
        return folder

    def explained(self, folder, sample, permission):
        """The decision of policy explain for a sample."""
        resource, action = permission.split("/")
        for name in ("claims", "facts"):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                json.dump(sample[name], file)
        asked = ["--resource", resource, "--action", action]
        if "url" in sample:
            asked = ["--url", sample["url"], "--method", sample["method"]]
        done = run("policy", "explain", folder, "--claims", os.path.join(self.folder, "claims"), "--facts",
                   os.path.join(self.folder, "facts"), "--at", sample["at"], "--issuer", sample["issuer"], "--json", *asked)
        return json.loads(done.stdout)["decision"]

    def test_samples_of_who_can_are_allowed_by_explain(self):
        for permission in ("billing-api/*", "orders-api/*", "orders-db/connect"):
            ways = json.loads(self.run_policy(OK, "who-can", permission, EXAMPLES, "--json"))["ways"]
            self.assertTrue(ways)
            for way in ways:
                self.assertEqual(way["comes_to"]["decision"], "allow")
                self.assertEqual(self.explained(EXAMPLES, way["sample"], way["permission"]), "allow", way)

    def test_a_request_that_a_condition_asks_for_is_one_that_explain_takes(self):
        folder = self.changed("billing.yaml", 'context.merged(into = "main", sha = job.sha)',
                              'request.method == "PUT" && request.path.startsWith("/v1/invoices/")')
        way, = json.loads(self.run_policy(OK, "who-can", "billing-api/write", folder, "--json"))["ways"]
        self.assertEqual(way["sample"]["method"], "PUT")
        self.assertEqual(self.explained(folder, way["sample"], "billing-api/write"), "allow")

    def test_who_can_says_it_in_words(self):
        said = self.run_policy(OK, "who-can", "billing-api/write", EXAMPLES)
        self.assertIn("jobs of gitlab in project acme/billing on protected ref main, environment production", said)
        self.assertIn("unless job.ref_protected", said)
        self.assertIn("did you mean 'billing-api'?", run("policy", "who-can", "biling-api/write", EXAMPLES).stderr)
        self.run_policy(USAGE, "who-can", "billing-api/wriet", EXAMPLES)
        folder = self.changed("orders.yaml", "      - orders-db/connect\n", "")
        self.assertIn("nobody", self.run_policy(DENIED, "who-can", "orders-db/connect", folder))

    def test_diff_shows_what_a_change_grants(self):
        wide = self.changed("billing.yaml", "ref: main, ref_protected: true, ", "")
        told = json.loads(self.run_policy(DENIED, "diff", EXAMPLES, wide, "--json"))
        self.assertTrue(told["grants"])
        change = next(change for change in told["changes"] if change["effect"] == "grants")
        for permission in change["permissions"]:
            self.assertEqual(self.explained(EXAMPLES, change["sample"], permission), "deny")
            self.assertEqual(self.explained(wide, change["sample"], permission), "allow")

    def test_fail_on_is_what_a_merge_request_wants(self):
        unfenced = self.changed("platform.yaml", "    to: { job: { environment: production } }\n",
                                "    to: { job: { environment: staging } }\n")
        narrow = self.changed("billing.yaml", "project_path: acme/billing }", "project_path: acme/billing, ref: main }")
        moved = self.changed("billing.yaml", "# Every pipeline of the project may look.", "# Said otherwise.")
        for folder, codes in ((unfenced, (DENIED, DENIED, OK)), (narrow, (DENIED, OK, OK)), (moved, (OK, OK, OK))):
            for fail_on, code in zip(("any", "grants", "none"), codes):
                self.run_policy(code, "diff", EXAMPLES, folder, "--fail-on", fail_on)
        self.assertEqual(self.run_policy(OK, "diff", EXAMPLES, moved), "no change of rights\n")
        self.run_policy(USAGE, "diff", EXAMPLES, moved, "--fail-on", "sometimes")
        self.run_policy(INVALID, "diff", EXAMPLES, self.changed("billing.yaml", "roles:", "rolls:"))

    def test_the_report_is_markdown_that_mentions_nobody(self):
        folder = self.changed("billing.yaml", "project_path: acme/billing }", 'project_path: "@all`|<b>www.x/*" }')
        report = self.run_policy(OK, "diff", EXAMPLES, folder, "--markdown", "--fail-on", "none")
        self.assertTrue(report.startswith("**Watchword policy: grants "), report)
        self.assertNotIn("@", report)
        self.assertNotIn("<b>", report)
        self.assertIn("&#64;all", report)


if __name__ == "__main__":
    unittest.main()
