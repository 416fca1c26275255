#!/usr/bin/env python3
"""Measures how long a deploy takes beside what Terraform and the provider themselves need.

    python3 bench/deploy.py [RUNS]      default: 3 runs of a deploy that changes nothing

Against the tests' emulated AWS account, whose nodes answer as those of a whole cluster do, all in one run:
  first deploy, side by side     ./rediform deploy of an environment that is not there
  the same, one after the other  terraform apply of what ./rediform synth writes, as cdktf deploy runs it
  terraform plan                 of the living environment: the provider's own refresh
  ./rediform deploy              that changes nothing, status at the end included; the best counts

EC2's own time to run a machine is not in it. Needs moto (./verify installs it), and Terraform. Where providers are not
downloaded, REDIFORM_TF_MIRROR names the folder of the mirror.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TESTS = os.path.join(ROOT, "src/test/python")
FILE = """platform: aws
master: {cpu: 2, memory: 4GB, disk: 20GB}
sentinels: {disk: 10GB}
network:
  clients: [10.60.0.0/16]
  shell: [python3, '%s/node_stand_in.py', '{node}', '{address}']
aws: {region: eu-central-1, protect: false}
""" % TESTS


def project(folder):
    os.makedirs(os.path.join(folder, "environments"))
    for name in ("cdktf.json", "package.json", "package-lock.json", "pom.xml", "src", "target"):
        os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
    shutil.copy(os.path.join(ROOT, "rediform"), folder)
    with open(os.path.join(folder, "environments/exp.yaml"), "w") as file:
        file.write(FILE)
    return folder


def variables(port, folder):
    found = {**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:%d" % port, "AWS_ACCESS_KEY_ID": "test",
             "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
             "AWS_EC2_METADATA_DISABLED": "true", "CHECKPOINT_DISABLE": "1"}
    found.pop("AWS_CA_BUNDLE", None)
    if os.environ.get("REDIFORM_TF_MIRROR"):
        config = os.path.join(folder, "terraform.rc")
        with open(config, "w") as file:
            file.write('provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' % os.environ["REDIFORM_TF_MIRROR"])
        found["TF_CLI_CONFIG_FILE"] = config
    return found


def seconds(folder, environment, *words):
    started = time.monotonic()
    ended = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode:
        sys.exit("%s ended with code %d:\n%s%s" % (" ".join(words), ended.returncode, ended.stdout, ended.stderr))
    return time.monotonic() - started


def account():
    process = subprocess.Popen(
        [sys.executable, os.path.join(TESTS, "fake_aws.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline().rsplit(None, 1)[1])


def in_account(measure):
    process, port = account()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            folder = project(os.path.join(scratch, "project"))
            return measure(folder, variables(port, scratch))
        finally:
            process.stdin.close()
            process.wait()


def one_after_the_other(folder, environment):
    seconds(folder, environment, "./rediform", "synth", "exp")
    stack = os.path.join(folder, "cdktf.out/stacks/exp")
    seconds(stack, environment, "terraform", "init", "-input=false")
    return seconds(stack, environment, "terraform", "apply", "-input=false", "-auto-approve")


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3

    def living(folder, environment):
        first = seconds(folder, environment, "./rediform", "deploy", "exp", "--auto-approve")
        stack = os.path.join(folder, "cdktf.out/stacks/exp")
        seconds(folder, environment, "./rediform", "synth", "exp")
        plans, deploys = [], []
        for _ in range(runs):
            plans.append(seconds(stack, environment, "terraform", "plan", "-input=false"))
            deploys.append(seconds(folder, environment, "./rediform", "deploy", "exp", "--auto-approve"))
        return first, min(plans), min(deploys)

    first, plan, deploy = in_account(living)
    chained = in_account(one_after_the_other)
    print("first deploy, side by side     %6.1f s" % first)
    print("the same, one after the other  %6.1f s   ratio %.2f" % (chained, first / chained))
    print("terraform plan                 %6.1f s" % plan)
    print("./rediform deploy, no change   %6.1f s   %.1f s beside it" % (deploy, deploy - plan))
    if first > chained or deploy - plan > 10:
        sys.exit("slower than promised: no slower than one after the other, and 10 s beside the plan")


if __name__ == "__main__":
    main()
