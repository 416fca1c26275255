"""The lab's first process: a network without a way out, and the services that a host finds in EC2.

    unshare --mount --pid --fork --kill-child --mount-proc python3 lab.py FOLDER

It is process 1 of a PID namespace, and what it mounts and names is in a mount namespace of its own. When
its standard input ends it ends, and with it the kernel ends every host and every mount: nothing is left
over, however the test that started it came to its end. Prints "ready" when hosts may boot.

FOLDER/metadata/ADDRESS.json  what the metadata service tells the host at ADDRESS
FOLDER/secrets.json           secrets by name; a name that is not there is refused
FOLDER/www/                   files that https://download.redis.io/ serves
FOLDER/s3/BUCKET/KEY          objects of S3, at https://BUCKET.s3.eu-central-1.amazonaws.com/KEY; hosts may write, too
FOLDER/s3.json                {"fault": WORD} as in fake_s3_writes.py; {"rate": N}: bytes a second of each connection;
                              {"endpoint": URL}: the S3 that gives the objects in place of the files. Read at every
                              request.
FOLDER/../apt/                packages, kept from run to run
"""
import base64
import contextlib
import ctypes
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../python"))
import fake_bucket  # noqa: E402  beside the tests in Python
import fake_s3_files  # noqa: E402
import fake_s3_writes  # noqa: E402

METADATA = ("169.254.169.254", 80)
SECRETS = ("169.254.169.253", 443)
APT = ("169.254.169.253", 3142)
KEYS = {"AccessKeyId": "LABKEY", "SecretAccessKey": "lab-secret-key", "Token": "lab-token"}

ACCOUNT = "123456789012"
S3 = ".s3.eu-central-1.amazonaws.com"

# A namespace for each kind of neighbour; the first address of each block is the router's.
NEIGHBOURS = {"client": "10.99.0", "operator": "10.98.0", "outsider": "10.88.0"}

FOLDER = os.path.abspath(sys.argv[1])


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def make_network():
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    ip("netns", "add", "lab")
    ip("-n", "lab", "link", "set", "lo", "up")
    # An address of its own: else it takes the lowest of its ports', and when a host brings a lower one, all
    # the others look for their router where it was, until they ask anew.
    ip("-n", "lab", "link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge")
    for address in ["10.77.0.1/16"] + [block + ".1/24" for block in NEIGHBOURS.values()]:
        ip("-n", "lab", "address", "add", address, "dev", "br0")
    for address in {METADATA[0], SECRETS[0]}:
        ip("-n", "lab", "address", "add", address + "/32", "dev", "lo")
    ip("-n", "lab", "link", "set", "br0", "up")
    subprocess.run(["ip", "netns", "exec", "lab", "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
    for name, block in NEIGHBOURS.items():
        ip("netns", "add", name)
        ip("link", "add", "v-" + name, "netns", "lab", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("-n", "lab", "link", "set", "v-" + name, "master", "br0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "address", "add", block + ".5/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "route", "add", "default", "via", block + ".1")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, code=200):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer_file(self, path):
        with open(path, "rb") as file:
            self.send_response(200)
            self.send_header("Content-Length", str(os.path.getsize(path)))
            self.end_headers()
            shutil.copyfileobj(file, self.wfile)

    def log_message(self, *_):
        pass


# ---------------------------------------------------------------- IMDSv2


class Metadata(Handler):
    TOKEN = "lab-session"

    def do_PUT(self):
        self.answer(self.TOKEN) if self.path == "/latest/api/token" else self.answer("", 404)

    def do_GET(self):
        # cloud-init asks for a token only where the firmware says EC2, which a host's cannot.
        is_cloud_init = self.headers.get("User-Agent", "").startswith(("Cloud-Init/", "python-requests/"))
        if self.headers.get("X-aws-ec2-metadata-token") != self.TOKEN and not is_cloud_init:
            return self.answer("", 401)
        try:
            with open("%s/metadata/%s.json" % (FOLDER, self.client_address[0]), encoding="utf-8") as file:
                tree = json.load(file)
        except FileNotFoundError:
            return self.answer("", 404)
        if tree.get("role"):
            tree["meta-data"]["iam"] = {"security-credentials": {tree["role"]: json.dumps(KEYS)}}
        words = [word for word in self.path.split("/") if word][1:]
        if words == ["user-data"]:
            # As Terraform hands it over; EC2 takes off the Base64 and leaves the gzip.
            return self.answer(base64.b64decode(tree["user-data"]))
        here = {"meta-data": tree["meta-data"], "dynamic": {"instance-identity": {"document": tree["identity"]}}}
        for word in words:
            if not isinstance(here, dict) or word not in here:
                return self.answer("", 404)
            here = here[word]
        if isinstance(here, dict):
            here = "\n".join(name + ("/" if isinstance(value, dict) else "") for name, value in here.items())
        return self.answer(here)


# ---------------------------------------------------------------- Secrets Manager, S3, and releases of Redis


def s3_settings():
    with contextlib.suppress(FileNotFoundError), open(FOLDER + "/s3.json", encoding="utf-8") as file:
        return json.load(file)
    return {}


class Bucket(fake_s3_files.Cloud):
    """A bucket whose objects are files; uploads in parts that are not complete are in memory."""

    all, guard = {}, threading.Lock()

    def __init__(self, name):
        super().__init__(os.path.join(FOLDER, "s3", name), bucket=name)

    @classmethod
    def named(cls, name):
        with cls.guard:
            if name not in cls.all:
                cls.all[name] = cls(name)
            return cls.all[name]

    def fault_of(self, operation):
        return s3_settings().get("fault")


class Https(Handler, fake_s3_writes.Bucket):
    """S3, Secrets Manager's GetSecretValue, and by GET the files of FOLDER/www."""

    @property
    def cloud(self):
        return Bucket.named(self.headers["Host"][:-len(S3)])

    def is_of_s3(self):
        return self.headers["Host"].endswith(S3)

    def do_GET(self):
        if self.is_of_s3():
            return self.serve("GET")
        path = os.path.join(FOLDER, "www", os.path.basename(self.path))
        self.answer_file(path) if os.path.isfile(path) else self.answer("", 404)

    def serve(self, method):
        rate = s3_settings().get("rate")
        if rate:
            self.rfile, self.wfile = (fake_s3_files.Paced(file, rate) for file in (self.rfile, self.wfile))
            self.close_connection = True
        super().serve(method)

    def refused(self, method, has_body=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        expiry = now + datetime.timedelta(hours=1)
        headers = {name.lower(): value for name, value in self.headers.items()}
        error = fake_bucket.refusal(
            self.path, headers, now=now, region="eu-central-1",
            credentials={KEYS["AccessKeyId"]: (KEYS["SecretAccessKey"], KEYS["Token"], expiry)},
            method=method, has_body=has_body)
        if not error and headers.get("x-amz-expected-bucket-owner") != ACCOUNT:
            error = 403, "AccessDenied"
        if error:
            self.error(*error)
        return bool(error)

    def GetObject(self, body):
        endpoint = s3_settings().get("endpoint")
        if not endpoint or self.cloud.bucket.endswith("-backups"):
            return super().GetObject(body)
        # It wants to know who asks, and takes any name for an answer.
        who = {"Authorization": "AWS4-HMAC-SHA256 Credential=lab/20260101/eu-central-1/s3/aws4_request"}
        url = "%s/%s%s" % (endpoint, self.cloud.bucket, self.path)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=who), timeout=10) as answer:
                return 200, answer.read()
        except urllib.error.HTTPError:
            return 404, "NoSuchKey"

    def do_POST(self):
        if self.is_of_s3():
            return self.serve("POST")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = json.loads(body).get("SecretId")
        with open(FOLDER + "/secrets.json", encoding="utf-8") as file:
            secrets = json.load(file)
        if not self.is_signed(body):
            self.answer(json.dumps({"__type": "InvalidSignatureException"}), 400)
        elif self.headers["X-Amz-Target"] != "secretsmanager.GetSecretValue" or name not in secrets:
            self.answer(json.dumps({"__type": "AccessDeniedException"}), 400)
        else:
            self.answer(json.dumps({"Name": name, "SecretString": json.dumps(secrets[name])}))

    def is_signed(self, body):
        """Whether the signature is the one that AWS's own library makes of the same request."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        given = self.headers.get("Authorization", "")
        region, service = re.search(r"/([^/\s]+)/(\w+)/aws4_request", given).groups()
        signed = re.search(r"SignedHeaders=([^,]+)", given).group(1).split(";")
        request = AWSRequest(
            "POST", "https://%s/" % self.headers["Host"], data=body,
            headers={name: self.headers[name] for name in signed if name != "host"})
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = SigV4Auth(Credentials(KEYS["AccessKeyId"], KEYS["SecretAccessKey"], KEYS["Token"]), service, region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return given.endswith("Signature=" + signer.signature(text, request))


# ---------------------------------------------------------------- Debian's archive


def archives():
    """The archives that this machine's own apt uses; nothing else is fetched for a host."""
    uris = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=True).stdout.split()
    hosts = {re.escape(uri.split("/")[2]) for uri in uris}
    return re.compile(r"http://(%s)/(debian|debian-security)/[\w./+~%%:-]+" % "|".join(sorted(hosts)))


class Apt(Handler):
    """A proxy that keeps what it fetched: hosts that boot side by side fetch a package once."""

    CACHE = os.path.join(os.path.dirname(FOLDER), "apt")
    FRESH = 3600  # seconds for which an index is taken for current; a package never changes
    ALLOWED = None
    locks, guard = {}, threading.Lock()

    def do_GET(self):
        if not self.ALLOWED.fullmatch(self.path):
            return self.answer("not Debian's archive", 403)
        path = os.path.join(self.CACHE, hashlib.sha256(self.path.encode()).hexdigest())
        with self.guard:
            lock = self.locks.setdefault(path, threading.Lock())
        with lock:
            try:
                self.fetch(path)
            except urllib.error.HTTPError as error:
                return self.answer("", error.code)
            except OSError as error:
                return self.answer(str(error), 502)
        return self.answer_file(path)

    def fetch(self, path):
        forever = self.path.endswith(".deb") or "/by-hash/" in self.path
        if os.path.exists(path) and (forever or time.time() - os.path.getmtime(path) < self.FRESH):
            return
        with urllib.request.urlopen(self.path, timeout=60) as source, open(path + ".new", "wb") as target:
            shutil.copyfileobj(source, target)
        os.replace(path + ".new", path)


# ---------------------------------------------------------------- all together


def enter_network(descriptor):
    """Sockets that this thread makes from now on are of that network; those there are stay where they are."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000) != 0:  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "setns")


def serve(handler, address, outside, context=None):
    """Listens inside the lab; what a handler opens is outside, since its thread is."""
    server = ThreadingHTTPServer(address, handler)
    server.daemon_threads = True
    if context:
        # The handshake is its handler's: one client that falls silent during it would keep all others waiting.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)

    def run():
        enter_network(outside)
        server.serve_forever()

    threading.Thread(target=run, daemon=True).start()


def main():
    os.makedirs(Apt.CACHE, exist_ok=True)
    Apt.ALLOWED = archives()
    make_network()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER + "/server.pem", FOLDER + "/server.key")
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter_network(os.open("/run/netns/lab", os.O_RDONLY))
    serve(Metadata, METADATA, outside)
    serve(Https, SECRETS, outside, context)
    serve(Apt, APT, outside)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # process 1 inherits orphans, and reaps them so
    print("ready", flush=True)
    sys.stdin.buffer.read()


main()
