"""The real Python client of Kubernetes, with `watchword kube-credential` as its credential plugin, through the gate."""

import os
import unittest.mock

import kubernetes

from support.backends import Api
from support.case import GateCase
from support.gate import BINARY


class PythonClient(GateCase):
    @classmethod
    def policy(cls):
        return {
            "resources": {"cluster": {
                "http": {"upstream": cls.api.url, "host": "127.0.0.1", "kind": "kubernetes"}, "actions": {"read": {"methods": ["GET"]}}}},
            "roles": {"deploy": {
                "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}], "allow": ["cluster/read"]}}}

    @classmethod
    def setUpClass(cls):
        cls.api = Api()
        cls.addClassCleanup(cls.api.stop)
        super().setUpClass()

    def client(self, version, **claims):
        plugin = {
            "apiVersion": version, "command": BINARY, "args": ["kube-credential", "--resource", "cluster"], "interactiveMode": "Never",
            "provideClusterInfo": True}
        kubeconfig = {
            "apiVersion": "v1", "kind": "Config", "current-context": "gate",
            "clusters": [{"name": "gate", "cluster": {"server": f"http://127.0.0.1:{self.gate.gateway}"}}],
            "users": [{"name": "job", "user": {"exec": plugin}}], "contexts": [{"name": "gate", "context": {"cluster": "gate", "user": "job"}}]}
        job = {"WATCHWORD_URL": self.gate.url, "WATCHWORD_ID_TOKEN": self.issuer.mint(**claims)}
        with unittest.mock.patch.dict(os.environ, job):
            return kubernetes.config.new_client_from_config_dict(kubeconfig)

    def test_the_client_reads_with_the_credential_that_it_is_given(self):
        for version in ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"):
            with self.subTest(version):
                self.assertEqual(kubernetes.client.VersionApi(self.client(version)).get_code().git_version, "v1.32.0")
                path, authorization, assertion = self.api.seen[-1]
                self.assertEqual((path.rstrip("/"), authorization, bool(assertion)), ("/version", None, True))

    def test_a_job_without_the_right_gets_no_credential(self):
        client = self.client("client.authentication.k8s.io/v1", project_path="acme/other")
        with self.assertRaises(kubernetes.client.ApiException) as refused:
            kubernetes.client.VersionApi(client).get_code()
        self.assertEqual(refused.exception.status, 401)
