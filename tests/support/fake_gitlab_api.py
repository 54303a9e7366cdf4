"""A fake GitLab: the REST endpoints that Watchword asks, and the webhooks that it is sent. Written from GitLab's documents (doc/api/
{projects,groups,commits,merge_requests,merge_request_approvals,jobs,pipelines,deployments,branches,protected_branches,project_webhooks,group_webhooks}.md
and doc/user/project/integrations/webhook_events.md), faithful in paths, statuses, fields and paging; not GitLab itself. Standard
library only. The test changes the state by methods; each change sends the hooks that ask for it, and returns when they were answered.

    gitlab = FakeGitlab()
    gitlab.add_project(42, "acme/billing")
    gitlab.add_hook(gate.url + "/hooks/gitlab/projects/42", project=42, token="...")
    gitlab.open_merge_request(42, 1, "feature", "main", sha)
    gitlab.merge(42, 1, merge_sha)
"""

import fnmatch
import http.server
import itertools
import json
import re
import threading
import urllib.parse

from fake_gitlab_hooks import Hooks, now, project_json

READ_TOKEN = "glpat-read-0123456789ab"  # scope read_api
API_TOKEN = "glpat-api-0123456789abc"  # scope api


class Refused(Exception):
    def __init__(self, status, message):
        self.status, self.body = status, {"message": message}


class Project:
    def __init__(self, id, path):
        self.id, self.path = id, path
        self.branches = {"main": []}  # commits, oldest first
        self.messages = {}
        self.protected = ["main"]  # names and wildcards
        self.merge_requests, self.approvers, self.pipelines, self.jobs, self.deployments = {}, {}, {}, {}, {}

    def is_protected(self, branch):
        return any(fnmatch.fnmatchcase(branch, pattern) for pattern in self.protected)

    def commit(self, sha):
        message = self.messages.get(sha, "Change")
        return {"id": sha, "short_id": sha[:8], "title": message.split("\n")[0], "message": message, "committed_date": now()}


class FakeGitlab(Hooks):
    def __init__(self, port=0):
        super().__init__()
        self.lock = threading.RLock()
        self.projects, self.groups = {}, {}
        self.tokens = {READ_TOKEN: "read_api", API_TOKEN: "api"}
        self.job_tokens = {}  # CI_JOB_TOKEN: (project, job)
        self.public = {}  # path: what it answers to everyone
        self.requests = []  # "GET /api/v4/...", in order
        self.trouble = None
        self._release = threading.Event()
        self._ids = itertools.count(1)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler_of(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self.answer_normally()
        self._server.shutdown()
        self._server.server_close()

    # How it answers, until answer_normally().

    def answer_with(self, status, retry_after=None):
        self.trouble = ("status", status, retry_after)

    def answer_html(self):
        self.trouble = ("html", 200, None)

    def hang(self):
        self._release.clear()
        self.trouble = ("hang", 0, None)

    def answer_normally(self):
        self.trouble = None
        self._release.set()

    # State. What happens in GitLab.

    def add_project(self, id, path):
        self.projects[id] = Project(id, path)
        return self.projects[id]

    def add_group(self, id, path):
        self.groups[id] = path

    def push(self, project, branch, *shas, message="Change"):
        of = self.projects[project]
        with self.lock:
            before = (of.branches.setdefault(branch, []) or ["0" * len(shas[-1])])[-1]
            of.branches[branch] += shas
            of.messages = dict.fromkeys(shas, message) | of.messages
        self.send_push(of, branch, before, shas)

    def revert(self, project, branch, sha, by):
        self.push(project, branch, by, message=f'Revert "Change"\n\nThis reverts commit {sha}.')

    def open_merge_request(self, project, iid, source, target, sha, draft=False):
        of = self.projects[project]
        with self.lock:
            if sha not in of.branches.setdefault(source, []):
                of.branches[source].append(sha)
            request = {"id": 1000 + iid, "iid": iid, "project_id": project, "source_project_id": project, "target_project_id": project,
                       "title": "Change", "state": "opened", "source_branch": source, "target_branch": target, "sha": sha,
                       "merge_commit_sha": None, "squash_commit_sha": None, "draft": draft, "work_in_progress": draft,
                       "created_at": now(), "updated_at": now(), "merged_at": None}
            of.merge_requests[iid] = request
            of.approvers[iid] = []
        self.send_merge_request(of, request, "open")

    def approve(self, project, iid, username="jane"):
        self._change_request(project, iid, "approved", lambda of, _: of.approvers[iid].append(username))

    def unapprove(self, project, iid):
        self._change_request(project, iid, "unapproved", lambda of, _: of.approvers[iid].clear())

    def close(self, project, iid):
        self._change_request(project, iid, "close", lambda _, request: request.update(state="closed"))

    def merge(self, project, iid, merge_sha=None, squash_sha=None):
        """Without shas: a fast-forward. A merge is a push to the target branch too."""
        of = self.projects[project]
        target = of.merge_requests[iid]["target_branch"]

        def change(_, request):
            request.update(state="merged", merge_commit_sha=merge_sha, squash_commit_sha=squash_sha, merged_at=now())

        arrived = [squash_sha] if squash_sha else of.branches[of.merge_requests[iid]["source_branch"]]
        on_target = of.branches.get(target, [])
        self.push(project, target, *[sha for sha in [*arrived, merge_sha] if sha and sha not in on_target])
        self._change_request(project, iid, "merge", change)

    def _change_request(self, project, iid, action, change):
        of = self.projects[project]
        with self.lock:
            change(of, of.merge_requests[iid])
            of.merge_requests[iid]["updated_at"] = now()
        self.send_merge_request(of, of.merge_requests[iid], action)

    def start_job(self, project, job, pipeline, ref="main", sha="0" * 40, status="running", name="deploy"):
        of = self.projects[project]
        with self.lock:
            of.pipelines.setdefault(pipeline, {"id": pipeline, "iid": len(of.pipelines) + 1, "project_id": project, "status": "running",
                                               "source": "push", "ref": ref, "sha": sha, "created_at": now(), "updated_at": now()})
            of.jobs[job] = {"id": job, "name": name, "stage": "deploy", "status": status, "ref": ref, "tag": False, "created_at": now(),
                            "started_at": now() if status == "running" else None, "finished_at": None, "pipeline": pipeline}
        self.send_job(of, of.jobs[job], of.pipelines[pipeline])

    def finish(self, project, job, status="success"):
        of = self.projects[project]
        with self.lock:
            of.jobs[job].update(status=status, finished_at=now())
        self.send_job(of, of.jobs[job], of.pipelines[of.jobs[job]["pipeline"]])

    def cancel(self, project, job):
        self.finish(project, job, "canceled")

    def finish_pipeline(self, project, pipeline, status="success"):
        of = self.projects[project]
        with self.lock:
            of.pipelines[pipeline].update(status=status, updated_at=now())
        self.send_pipeline(of, of.pipelines[pipeline])

    def deploy(self, project, environment, sha, ref="main", job=None, status="success"):
        of = self.projects[project]
        with self.lock:
            id = next(self._ids)
            of.deployments[id] = {"id": id, "iid": id, "status": status, "ref": ref, "sha": sha, "created_at": now(), "updated_at": now(),
                                  "environment": {"id": 9, "name": environment}, "deployable": {"id": job} if job else None}
        self.send_deployment(of, of.deployments[id])

    # The API: `path` after /api/v4, decoded; lists are paged by the handler.

    def answer(self, method, path, query, body):
        for pattern, allowed, endpoint in ENDPOINTS:
            match = re.fullmatch(pattern, path)
            if match and method in allowed.split():
                text = match.re.groupindex.get("text")  # all other parts are ids
                parts = [urllib.parse.unquote(part) if i == text else int(part) for i, part in enumerate(match.groups(), 1)]
                return endpoint(self, method, query, body, *parts)
        raise Refused(404, "404 Not Found")

    def project(self, id):
        if id not in self.projects:
            raise Refused(404, "404 Project Not Found")
        return self.projects[id]


def found(things, key, what):
    if key not in things:
        raise Refused(404, f"404 {what} Not Found")
    return things[key]


def job_json(of, job):
    return job | {"pipeline": {key: of.pipelines[job["pipeline"]][key] for key in ("id", "project_id", "ref", "sha", "status")},
                  "user": {"id": 1001, "username": "jane"}, "web_url": f"https://gitlab.example.com/{of.path}/-/jobs/{job['id']}"}


def known_commit(of, sha):
    if not any(sha in commits for commits in of.branches.values()):
        raise Refused(404, "404 Commit Not Found")
    return sha


def commit_requests(gitlab, method, query, body, id, sha):
    of = gitlab.project(id)
    known_commit(of, sha)

    def introduced(request):
        own = [request["sha"], request["merge_commit_sha"], request["squash_commit_sha"]]
        return sha in own or sha in of.branches.get(request["source_branch"], [])

    return [request for request in of.merge_requests.values() if introduced(request)]


def commit_refs(gitlab, method, query, body, id, sha):
    of = gitlab.project(id)
    known_commit(of, sha)
    return [{"type": "branch", "name": name} for name, commits in of.branches.items() if sha in commits]


def commits(gitlab, method, query, body, id):
    of = gitlab.project(id)
    after, _, branch = query.get("ref_name", "main").rpartition("..")
    listed = found(of.branches, branch, "Branch")
    start = listed.index(after) + 1 if after in listed else 0
    return [of.commit(sha) for sha in reversed(listed[start:])]


def merge_requests(gitlab, method, query, body, id):
    wanted = {key: query[key] for key in ("source_branch", "target_branch", "state") if query.get(key, "all") != "all"}
    listed = [r for r in gitlab.project(id).merge_requests.values() if all(r[key] == value for key, value in wanted.items())]
    return sorted(listed, key=lambda r: -r["iid"])


def approvals(gitlab, method, query, body, id, iid):
    by = found(gitlab.project(id).approvers, iid, "Merge Request")
    return {"user_has_approved": False, "user_can_approve": False, "approved": bool(by),
            "approved_by": [{"user": {"id": 1001, "username": name}} for name in by]}


def pipeline_jobs(gitlab, method, query, body, id, pipeline):
    of = gitlab.project(id)
    found(of.pipelines, pipeline, "Pipeline")
    return [job_json(of, job) for job in sorted(of.jobs.values(), key=lambda j: -j["id"]) if job["pipeline"] == pipeline]


def deployments(gitlab, method, query, body, id):
    listed = [d for d in gitlab.project(id).deployments.values() if query.get("environment") in (None, d["environment"]["name"])]
    return sorted(listed, key=lambda d: d["id"], reverse=query.get("sort") == "desc")


def branch(gitlab, method, query, body, id, name):
    of = gitlab.project(id)
    head = found(of.branches, name, "Branch")
    return {"name": name, "protected": of.is_protected(name), "commit": of.commit(head[-1]) if head else None}


def protected_branches(gitlab, method, query, body, id):
    return [{"id": i, "name": name, "allow_force_push": False} for i, name in enumerate(gitlab.project(id).protected, 1)]


def hooks(gitlab, method, query, body, kind, id, hook=None):
    if id not in (gitlab.projects if kind == "projects" else gitlab.groups):
        raise Refused(404, f"404 {kind[:-1].capitalize()} Not Found")
    owned = {key: one for key, one in gitlab.hooks.items() if (one["kind"], one["owner"]) == (kind, id)}
    if hook is not None and hook not in owned:
        raise Refused(404, "404 Not Found")
    if method in ("POST", "PUT") and not (body.get("url") or method == "PUT"):
        raise Refused(400, "url is missing")
    if method == "POST":
        return gitlab.shown_hook(gitlab.new_hook(kind, id, body))
    if method == "PUT":
        return gitlab.shown_hook(gitlab.change_hook(hook, body))
    if method == "DELETE":
        del gitlab.hooks[hook]
        return None
    return [gitlab.shown_hook(one) for one in owned.values()] if hook is None else gitlab.shown_hook(owned[hook])


def one_project(gitlab, method, query, body, id):
    return project_json(gitlab.project(id))


def groups_of(gitlab, method, query, body, id):
    path = gitlab.project(id).path
    return [{"id": group, "full_path": of, "name": of.split("/")[-1]} for group, of in gitlab.groups.items() if path.startswith(of + "/")]


def one_group(gitlab, method, query, body, id):
    return {"id": id, "full_path": found(gitlab.groups, id, "Group")}


P = r"/projects/(\d+)"
ENDPOINTS = [
    (P, "GET", one_project),
    (P + r"/groups", "GET", groups_of),
    (r"/groups/(\d+)", "GET", one_group),
    (P + r"/repository/commits/(?P<text>[0-9a-f]+)/merge_requests", "GET", commit_requests),
    (P + r"/repository/commits/(?P<text>[0-9a-f]+)/refs", "GET", commit_refs),
    (P + r"/repository/commits", "GET", commits),
    (P + r"/repository/branches/(?P<text>[^/]+)", "GET", branch),
    (P + r"/merge_requests", "GET", merge_requests),
    (P + r"/merge_requests/(\d+)/approvals", "GET", approvals),
    (P + r"/pipelines/(\d+)", "GET", lambda g, m, q, b, id, p: found(g.project(id).pipelines, p, "Pipeline")),
    (P + r"/pipelines/(\d+)/jobs", "GET", pipeline_jobs),
    (P + r"/jobs/(\d+)", "GET", lambda g, m, q, b, id, job: job_json(g.project(id), found(g.project(id).jobs, job, "Job"))),
    (P + r"/deployments", "GET", deployments),
    (P + r"/protected_branches", "GET", protected_branches),
    (r"/(?P<text>projects|groups)/(\d+)/hooks", "GET POST", hooks),
    (r"/(?P<text>projects|groups)/(\d+)/hooks/(\d+)", "GET PUT DELETE", hooks),
]


def handler_of(gitlab):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            gitlab.requests.append(f"{self.command} {self.path}")
            if gitlab.trouble:
                return self.misbehave(*gitlab.trouble)
            path, _, query = self.path.partition("?")
            query = dict(urllib.parse.parse_qsl(query))
            try:
                if path == "/api/v4/job":
                    with gitlab.lock:
                        own = self.own_job()
                    return self.send_json(200, own)
                if path in gitlab.public:
                    return self.send_json(200, gitlab.public[path]())
                self.check_token()
                if not path.startswith("/api/v4/"):
                    raise Refused(404, "404 Not Found")
                with gitlab.lock:
                    # A snapshot: the state may change while it is sent.
                    answer = json.loads(json.dumps(gitlab.answer(self.command, path[len("/api/v4"):], query, json.loads(body or b"{}"))))
                self.send(answer, path, query)
            except Refused as refused:
                self.send_json(refused.status, refused.body)

        do_GET = do_POST = do_PUT = do_DELETE = do

        def own_job(self):
            """GET /job: the job whose token this is, as long as it runs."""
            project, job = gitlab.job_tokens.get(self.headers.get("job-token"), (None, None))
            of = gitlab.projects.get(project)
            if of is None or of.jobs[job]["status"] != "running":
                raise Refused(401, "401 Unauthorized")
            return job_json(of, of.jobs[job])

        def check_token(self):
            scope = gitlab.tokens.get(self.headers.get("private-token"))
            if scope is None:
                raise Refused(401, "401 Unauthorized")
            if scope == "read_api" and self.command != "GET":
                raise Refused(403, "403 Forbidden")

        def misbehave(self, kind, status, retry_after):
            if kind == "hang":
                gitlab._release.wait(60)
                self.close_connection = True
            elif kind == "html":
                self.send_bytes(status, b"<!DOCTYPE html><title>Sign in</title>", "text/html; charset=utf-8")
            else:
                self.send_json(status, {"message": f"{status}"}, {} if retry_after is None else {"Retry-After": str(retry_after)})

        def send(self, answer, path, query):
            if answer is None:
                return self.send_bytes(204, b"")
            headers = {}
            if isinstance(answer, list):
                size, page = min(int(query.get("per_page", 20)), 100), int(query.get("page", 1))
                if len(answer) > size * page:
                    more = urllib.parse.urlencode(query | {"per_page": size, "page": page + 1})
                    headers = {"Link": f'<{gitlab.url}{path}?{more}>; rel="next"', "X-Next-Page": str(page + 1)}
                answer = answer[size * (page - 1): size * page]
            self.send_json(201 if self.command == "POST" else 200, answer, headers)

        def send_json(self, status, value, headers={}):
            self.send_bytes(status, json.dumps(value).encode(), "application/json", headers)

        def send_bytes(self, status, body, content_type=None, headers={}):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if content_type:
                self.send_header("Content-Type", content_type)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
