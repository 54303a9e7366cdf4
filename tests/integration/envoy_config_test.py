"""`watchword envoy`: what it renders is what the policy says, what gets past the gate is found, and what changes is shown."""

import copy
import json
import os

from support.envoy import DIFFERS, INVALID, OK, USAGE, EnvoyCase, filter_of, manager_of
from support.gate import policy_for, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Config(EnvoyCase):
    def test_it_renders_what_watchword_yaml_and_the_policy_say(self):
        bootstrap = self.render()
        cluster = bootstrap["static_resources"]["clusters"][0]
        address = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
        self.assertEqual(address, {"pipe": {"path": self.path("ext_authz.sock")}})
        self.assertEqual(filter_of(bootstrap, "ext_proc")["grpc_service"]["envoy_grpc"]["cluster_name"], cluster["name"])
        self.assertEqual(manager_of(bootstrap)["route_config"]["virtual_hosts"][0]["domains"], ["billing.test"])

    def test_what_it_renders_passes_its_own_check(self):
        done = self.gate_cli("config", "--output", self.path("envoy.json"))
        self.assertEqual((done.returncode, done.stdout), (OK, ""), done.stderr)
        done = run("envoy", "check", self.path("envoy.json"))
        self.assertEqual((done.returncode, done.stdout), (OK, "valid\n"), done.stderr)

    def test_an_injected_credential_is_refused_by_resource_and_nothing_is_written(self):
        self.set_policy(policy_for("http://127.0.0.1:9", inject=[{"header": "authorization", "secret": "env:TOKEN"}]))
        done = self.gate_cli("config", "--output", self.path("envoy.json"))
        self.assertEqual(done.returncode, INVALID, done.stdout)
        self.assertIn("resource billing-api", done.stderr)
        self.assertFalse(os.path.exists(self.path("envoy.json")))

    def test_addresses_that_others_reach_are_refused(self):
        done = self.gate_cli("config", "--listen", ":10000", "--admin", "0.0.0.0:9901")
        self.assertEqual(done.returncode, INVALID, done.stdout)
        self.assertIn("--listen", done.stderr)
        self.assertIn("--admin", done.stderr)

    def test_all_wrong_options_are_told_at_once(self):
        done = self.gate_cli("config", "--timeout", "soon", "--max-stream", "0s", "--key", "k.pem", "--listen", "nowhere")
        self.assertEqual(done.returncode, USAGE, done.stdout)
        for option in ("--timeout", "--max-stream", "--certificate", "--listen"):
            self.assertIn(option, done.stderr)

    def refused(self, words, *options):
        done = self.gate_cli("config", *options)
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
        self.assertIn(words, done.stderr)

    def test_an_option_that_would_do_nothing_is_refused(self):
        self.refused("--client-ca alone", "--client-ca", "ca.pem")
        for option in ("--gate-ca", "--gate-certificate", "--gate-key"):
            self.refused("ext_authz.client_ca", option, "file.pem")

    def test_without_a_certificate_for_the_gate_nothing_is_rendered(self):
        files = {"tls": {"certificate": "gate.pem", "key": "gate.key"}, "ext_authz": {"client_ca": "envoy.pem"}}
        self.configure("127.0.0.1:3", **files)
        self.refused("--gate-certificate", "--gate-ca", "ca.pem")
        self.refused("--gate-certificate", "--gate-certificate", "envoy.pem")

    def test_a_check_without_envoy_says_so_and_gives_nothing(self):
        done = run("envoy", "config", "--config", self.gate.config_file, "--check", environment={"PATH": self.folder})
        self.assertEqual((done.returncode, done.stdout), (INVALID, ""), done.stderr)
        self.assertIn("no envoy on $PATH", done.stderr)

    def test_a_socket_without_its_folder_is_found_before_envoy_fails_to_start(self):
        with open(self.path("envoy"), "w") as file:
            file.write("#!/bin/sh\n")
        os.chmod(self.path("envoy"), 0o755)
        config = ["config", "--check", "--envoy", self.path("envoy"), "--output", self.path("envoy.json"), "--admin"]
        done = self.gate_cli(*config, "unix:" + self.path("nowhere/admin.sock"))
        self.assertNotEqual(done.returncode, OK)
        self.assertIn("mkdir -p " + self.path("nowhere"), done.stderr)
        self.assertFalse(os.path.exists(self.path("envoy.json")))
        done = self.gate_cli(*config, "unix:" + self.path("admin.sock"))
        self.assertEqual(done.returncode, OK, done.stderr)

    def test_an_envoy_that_refuses_is_quoted(self):
        with open(self.path("envoy"), "w") as file:
            file.write('#!/bin/sh\necho "unknown field: $#" >&2\nexit 1\n')
        os.chmod(self.path("envoy"), 0o755)
        done = self.gate_cli("config", "--check", "--envoy", self.path("envoy"))
        self.assertEqual((done.returncode, done.stdout), (INVALID, ""), done.stderr)
        self.assertIn("unknown field: 7", done.stderr)

    def test_the_example_is_what_the_examples_policy_renders(self):
        done = run("envoy", "config", "--config", os.path.join(ROOT, "examples/envoy/watchword.yaml"), "--listen", ":10443")
        with open(os.path.join(ROOT, "examples/envoy/envoy.json")) as file:
            self.assertEqual(done.stdout, file.read(), done.stderr)


class Check(EnvoyCase):
    def check(self, bootstrap, *more):
        return run("envoy", "check", self.write("some.json", bootstrap), *more)

    def test_it_names_the_route_that_is_not_authorised(self):
        bootstrap = self.render()
        route = manager_of(bootstrap)["route_config"]["virtual_hosts"][0]["routes"][0]
        route["typed_per_filter_config"]["envoy.filters.http.ext_proc"] = {"disabled": True}
        done = self.check(bootstrap)
        self.assertEqual(done.returncode, INVALID, done.stdout)
        self.assertIn("host billing.test, route billing-api", done.stderr)

    def test_all_that_is_wrong_is_told_at_once(self):
        bootstrap = self.render()
        filter_of(bootstrap, "ext_proc")["failure_mode_allow"] = True
        manager_of(bootstrap)["path_with_escaped_slashes_action"] = "KEEP_UNCHANGED"
        del manager_of(bootstrap)["early_header_mutation_extensions"]
        bootstrap["admin"]["address"] = {"socket_address": {"address": "0.0.0.0", "port_value": 9901}}
        done = self.check(bootstrap)
        self.assertEqual(done.returncode, INVALID, done.stdout)
        for words in ("failure_mode_allow", "escaped slashes", "x-watchword-*", "admin"):
            self.assertIn(words, done.stderr)

    def test_what_is_no_json_is_told_with_the_file(self):
        for text in ("static_resources: {}", "[]", '{"a": 1, "a": 2}'):
            done = self.check(text)
            self.assertEqual(done.returncode, INVALID, done.stdout)
            self.assertIn("some.json", done.stderr)


class Diff(EnvoyCase):
    def setUp(self):
        super().setUp()
        self.before, self.after = self.path("before"), self.path("after")
        for folder in (self.before, self.after):
            os.mkdir(folder)
            self.gate.write(os.path.join(folder, "p.yaml"), policy_for("http://127.0.0.1:9"))

    def diff(self, before, after, *more):
        return self.gate_cli("diff", "--policy", before, after, *more)

    def test_nothing_is_said_of_the_same(self):
        done = self.diff(self.before, self.after)
        self.assertEqual((done.returncode, done.stdout), (OK, ""), done.stderr)

    def test_a_change_is_shown_by_its_parts(self):
        policy = policy_for("http://127.0.0.1:9", timeouts={"connect": "7s"})
        policy["resources"]["ledger"] = copy.deepcopy(policy["resources"]["billing-api"])
        policy["resources"]["ledger"]["http"]["host"] = "ledger.test"
        self.gate.write(os.path.join(self.after, "p.yaml"), policy)
        done = self.diff(self.before, self.after)
        self.assertEqual(done.returncode, DIFFERS, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [
            "~ cluster resource/billing-api", '    connect_timeout: "5s" -> "7s"',
            "+ cluster resource/ledger", "+ host ledger.test", "+ route ledger.test/ledger"])
        changes = json.loads(self.diff(self.after, self.before, "--json").stdout)["changes"]
        self.assertEqual([(one["change"], one["part"]) for one in changes][1], ("removed", "cluster resource/ledger"))

    def test_a_side_may_be_a_file_that_was_rendered_before(self):
        file = self.write("envoy.json", self.render("--policy", self.before))
        self.assertEqual(self.diff(file, self.after).returncode, OK)

    def test_trouble_is_not_taken_for_a_difference(self):
        self.gate.write(os.path.join(self.after, "p.yaml"), "resources: 1")
        self.assertEqual(self.diff(self.before, self.after).returncode, INVALID)
