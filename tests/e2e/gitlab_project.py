"""A project as gitlab-ci-local wants it: a git repository of its own, with what it would clone put in place."""

import glob
import os
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDED = ".gitlab-ci-local/includes/gitlab.example.com/acme/watchword/1.0.0"  # the project that examples include, as if cloned


class Project:
    """A working copy of an example, in git, on a branch. `changes`: what stands in another place in the tests."""

    def __init__(self, case, example, changes, branch="main", path="acme/billing"):
        self.folder = tempfile.mkdtemp(prefix="ww-project-")
        case.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.path, self.branch = path, branch
        shutil.copytree(example, self.folder, dirs_exist_ok=True)
        for file in glob.glob("**", root_dir=self.folder, recursive=True, include_hidden=True):
            if os.path.isfile(os.path.join(self.folder, file)):
                self.edit(file, {shown: ours for shown, ours in changes.items() if shown in self.read(file)})
        self.git("init", "-q", "-b", branch)
        self.git("config", "user.name", "Jane Roe")
        self.git("config", "user.email", "jane@example.com")
        self.git("remote", "add", "origin", f"https://gitlab.example.com/{path}.git")
        self.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
        self.commit()
        os.makedirs(os.path.join(self.folder, INCLUDED, "templates"))
        shutil.copy(os.path.join(ROOT, "ci/templates/access.yml"), os.path.join(self.folder, INCLUDED, "templates"))
        shutil.copy(os.path.join(ROOT, "ci/access.gitlab-ci.yml"), os.path.join(self.folder, INCLUDED))

    def read(self, file):
        with open(os.path.join(self.folder, file)) as source:
            return source.read()

    def edit(self, file, changes):
        text = self.read(file)
        for shown, ours in changes.items():
            if shown not in text:
                raise AssertionError(f"{file} has no '{shown}' any more")
            text = text.replace(shown, ours)
        with open(os.path.join(self.folder, file), "w") as target:
            target.write(text)

    def git(self, *arguments):
        done = subprocess.run(["git", "-C", self.folder, "-c", "commit.gpgsign=false", *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def publish(self):
        """From here on `git fetch origin` brings what stands here now."""
        server = os.path.join(self.folder, INCLUDED, "origin.git")
        self.git("clone", "-q", "--bare", self.folder, server)
        self.git("remote", "rename", "origin", "gcl-origin")  # by which gitlab-ci-local knows the project then
        self.git("remote", "add", "origin", server)

    def commit(self):
        self.git("add", ".")
        self.git("commit", "-q", "--allow-empty", "-m", "Change")

    @property
    def sha(self):
        return self.git("rev-parse", "HEAD")
