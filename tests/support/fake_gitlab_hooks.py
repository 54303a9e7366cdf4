"""The webhooks of fake_gitlab_api.py: what is sent when something happens, in the form of GitLab's documents (webhook_events.md,
webhooks.md) and its data builders (lib/gitlab/data_builder). A hook with a `signing_token` signs as Standard Webhooks says; one with a
`token` sends it as X-Gitlab-Token."""

import base64
import datetime
import hashlib
import hmac
import itertools
import json
import time
import urllib.error
import urllib.request
import uuid

HOOK_EVENTS = ("push_events", "merge_requests_events", "job_events", "pipeline_events", "deployment_events", "tag_push_events",
               "issues_events", "confidential_issues_events", "note_events", "wiki_page_events", "releases_events")
USER = {"id": 1001, "name": "Jane Roe", "username": "jane", "email": "[REDACTED]"}


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def project_json(of):
    return {"id": of.id, "name": of.path.split("/")[-1], "path_with_namespace": of.path, "default_branch": "main",
            "web_url": f"https://gitlab.example.com/{of.path}", "visibility_level": 0}


def hook_secret(master, owner, issuer="gitlab"):
    """What a gate expects of the hook of `owner`, such as projects/42, where the issuer's webhook_secret is `master`."""
    scope, id = owner.split("/")
    signing = master.startswith("whsec_")
    key = base64.b64decode(master.removeprefix("whsec_")) if signing else master.encode()
    message = "\n".join(["watchword-hook-v1", "signing" if signing else "token", scope, id, issuer])
    mac = hmac.new(key, message.encode(), hashlib.sha256)
    return "whsec_" + base64.b64encode(mac.digest()).decode() if signing else mac.hexdigest()


class Hooks:
    """`lose_hooks`: nothing is sent. `deliveries`: what was sent, each with the status that it was answered with (0: no answer)."""

    def __init__(self):
        self.hooks, self.deliveries, self.lose_hooks = {}, [], False
        self._hook_ids = itertools.count(1)

    def add_hook(self, url, project=None, group=None, **settings):
        kind, owner = ("projects", project) if project is not None else ("groups", group)
        everything = {event: True for event in HOOK_EVENTS[:5]}
        return self.new_hook(kind, owner, everything | settings | {"url": url})

    # As POST and PUT change them.

    def new_hook(self, kind, owner, settings):
        hook = {"id": next(self._hook_ids), "kind": kind, "owner": owner, "enable_ssl_verification": True, "alert_status": "executable",
                "disabled_until": None, "created_at": now(), "push_events_branch_filter": "", "token": None, "signing_token": None}
        hook |= {event: event == "push_events" for event in HOOK_EVENTS}
        self.hooks[hook["id"]] = hook | settings
        return self.hooks[hook["id"]]

    def change_hook(self, id, settings):
        hook = self.hooks[id]
        if settings.get("url", hook["url"]) != hook["url"]:
            hook["token"] = None  # as the documents say
        hook |= settings
        return hook

    def shown_hook(self, hook):
        """Without secrets, as GitLab shows it."""
        shown = {key: value for key, value in hook.items() if key not in ("kind", "owner", "token", "signing_token")}
        return shown | {hook["kind"][:-1] + "_id": hook["owner"], "signing_token_present": bool(hook["signing_token"])}

    # What happened.

    def send_push(self, of, branch, before, shas):
        commits = [{"id": sha, "message": of.messages[sha], "title": "Change", "timestamp": now()} for sha in shas[-20:]]
        self.send(of, "push_events", "Push Hook", {
            "object_kind": "push", "event_name": "push", "before": before, "after": shas[-1], "ref": f"refs/heads/{branch}",
            "ref_protected": of.is_protected(branch), "checkout_sha": shas[-1], "user_id": USER["id"], "project_id": of.id,
            "project": project_json(of), "commits": commits, "total_commits_count": len(shas)})

    def send_merge_request(self, of, request, action):
        attributes = {key: request[key] for key in ("id", "iid", "state", "source_branch", "target_branch", "source_project_id",
                                                    "target_project_id", "draft", "work_in_progress", "merge_commit_sha", "created_at",
                                                    "updated_at")}
        self.send(of, "merge_requests_events", "Merge Request Hook", {
            "object_kind": "merge_request", "event_type": "merge_request", "user": USER, "project": project_json(of),
            "object_attributes": attributes | {"action": action, "last_commit": {"id": request["sha"], "message": "Change"}},
            "labels": [], "changes": {}})

    def send_job(self, of, job, pipeline):
        self.send(of, "job_events", "Job Hook", {
            "object_kind": "build", "ref": job["ref"], "tag": False, "before_sha": "0" * 40, "sha": pipeline["sha"], "build_id": job["id"],
            "build_name": job["name"], "build_stage": job["stage"], "build_status": job["status"], "build_created_at": job["created_at"],
            "build_started_at": job["started_at"], "build_finished_at": job["finished_at"], "build_allow_failure": False,
            "build_failure_reason": "unknown_failure", "pipeline_id": pipeline["id"], "project_id": of.id, "project_name": of.path,
            "user": USER, "project": project_json(of), "commit": {"id": pipeline["id"], "sha": pipeline["sha"]}, "retries_count": 0})

    def send_pipeline(self, of, pipeline):
        builds = [{key: job[key] for key in ("id", "stage", "name", "status", "created_at", "started_at", "finished_at")}
                  for job in of.jobs.values() if job["pipeline"] == pipeline["id"]]
        attributes = {key: pipeline[key] for key in ("id", "iid", "ref", "sha", "source", "status", "created_at")}
        ended = pipeline["updated_at"] if pipeline["status"] != "running" else None
        self.send(of, "pipeline_events", "Pipeline Hook", {
            "object_kind": "pipeline", "object_attributes": attributes | {"tag": False, "finished_at": ended}, "user": USER,
            "project": project_json(of), "commit": {"id": pipeline["sha"], "message": "Change"}, "builds": builds})

    def send_deployment(self, of, deployment):
        self.send(of, "deployment_events", "Deployment Hook", {
            "object_kind": "deployment", "status": deployment["status"], "status_changed_at": deployment["updated_at"],
            "deployment_id": deployment["id"], "deployable_id": (deployment["deployable"] or {}).get("id"),
            "environment": deployment["environment"]["name"], "project": project_json(of), "short_sha": deployment["sha"][:8], "user": USER,
            "commit_url": f"https://gitlab.example.com/{of.path}/-/commit/{deployment['sha']}", "ref": deployment["ref"]})

    # How it is sent.

    def send(self, of, event_flag, event, body):
        if self.lose_hooks:
            return
        event_uuid = str(uuid.uuid4())  # of all hooks of one event
        for hook in list(self.hooks.values()):
            group = self.groups.get(hook["owner"]) if hook["kind"] == "groups" else None
            mine = hook["owner"] == of.id if hook["kind"] == "projects" else group and of.path.startswith(group + "/")
            if mine and hook[event_flag]:
                self.deliver(hook, event, json.dumps(body).encode(), event_uuid)

    def deliver(self, hook, event, body, event_uuid=None, id=None):
        """By hand, for a delivery that is repeated (`id`: that of the first) or forged."""
        id = id or str(uuid.uuid4())
        request = urllib.request.Request(hook["url"], body, self.headers(hook, event, body, event_uuid or str(uuid.uuid4()), id))
        delivery = {"hook": hook["id"], "event": event, "id": id, "body": body, "status": 0}
        self.deliveries.append(delivery)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as reply:
                delivery["status"] = reply.status
        except urllib.error.HTTPError as error:
            delivery["status"] = error.code
        except OSError:
            pass
        return delivery["status"]

    def headers(self, hook, event, body, event_uuid, id):
        headers = {"Content-Type": "application/json", "User-Agent": "GitLab/18.5.0", "X-Gitlab-Event": event, "Idempotency-Key": id,
                   "X-Gitlab-Event-UUID": event_uuid, "X-Gitlab-Webhook-UUID": str(uuid.uuid4()),
                   "X-Gitlab-Instance": "https://gitlab.example.com"}
        if hook["token"]:
            headers["X-Gitlab-Token"] = hook["token"]
        if hook["signing_token"]:
            at = str(int(time.time()))
            key = base64.b64decode(hook["signing_token"].removeprefix("whsec_"))
            mac = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
            headers |= {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": "v1," + base64.b64encode(mac).decode()}
        return headers
