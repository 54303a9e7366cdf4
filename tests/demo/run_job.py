"""Runs the script of one job of one .gitlab-ci.yml, where gitlab-ci-local cannot: run_job.py FILE JOB. It reads no more YAML than
tests/demo/project/.gitlab-ci.yml has (keys, plain values, lists of one-line commands), and stops at anything else."""

import re
import subprocess
import sys

FIRST_WORD = r"[^\s'\"&*!|>%@`{}#\[\]-]"  # of a plain value: no other kind of YAML begins so


def stop(number, line):
    sys.exit(f"run_job: line {number} is more YAML than this runner reads: {line}")


def jobs_of(file):
    """{job: {"extends": ..., "script": [...]}}"""
    jobs, job, key = {}, None, None
    with open(file) as text:
        lines = text.read().splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line == "stages: [deploy, attack]":  # which jobs run, and when, is for who calls
            continue
        if found := re.fullmatch(r"([.\w-]+):", line):
            job, key = jobs.setdefault(found[1], {"script": []}), None
        elif job is not None and (found := re.fullmatch(rf"  (extends|stage|environment): ({FIRST_WORD}\S*)", line)):
            job[found[1]], key = found[2], None
        elif job is not None and (found := re.fullmatch(r"  (script|id_tokens):", line)):
            key = found[1]
        elif key == "script" and (found := re.fullmatch(rf"    - ({FIRST_WORD}.*)", line)) and not re.search(r": | #|:$", found[1]):
            job["script"].append(found[1])
        elif key == "id_tokens" and re.fullmatch(r"    \w+:|      aud: \S+", line):
            continue  # minted by who calls, as by GitLab
        else:
            stop(number, line)
    return jobs


def main():
    file, name = sys.argv[1:]
    script = jobs_of(file)[name]["script"]
    shell = "set -eo pipefail\n"
    for command in script:
        shown = "$ " + command
        shell += "printf '%s\\n' '" + shown.replace("'", "'\\''") + "'\n" + command + "\n"
    job = subprocess.Popen(["bash", "-c", shell], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in job.stdout:
        sys.stdout.buffer.write(name.encode() + (b" " if line.startswith(b"$ ") else b" > ") + line)
        sys.stdout.buffer.flush()
    return job.wait()


if __name__ == "__main__":
    sys.exit(main())
