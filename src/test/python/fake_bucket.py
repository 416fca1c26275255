"""A machine's metadata service (IMDSv2) and a bucket of S3 that checks signatures, on loopback.

`Cloud` is both. Its attributes say how the world is, and may change at any time. The check of signatures is written
from AWS's description and shares no code with what it checks; `test_bootstrap.py` asks it for the signature that the S3
API reference gives as an example.
"""

import contextlib
import datetime
import hashlib
import hmac
import http.server
import json
import re
import threading
import urllib.parse

UTC = datetime.timezone.utc
SKEW = datetime.timedelta(minutes=15)  # between S3's clock and a request's, at most
TOKEN = "imds-token-of-this-boot"
ROLE = "rediform-node"
SLOW = 20  # bytes a second


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quote(text, safe="-_.~"):
    return urllib.parse.quote(urllib.parse.unquote(text), safe=safe)


def signature(secret, method, target, headers, signed, body_hash, when, scope):
    """Signature Version 4 of a request; `headers` by lower-case name, `signed` the names of those that are signed."""
    path, _, query = target.partition("?")
    pairs = (part.partition("=") for part in query.split("&") if part)
    canonical = "\n".join(
        [
            method,
            quote(path, safe="/-_.~"),
            "&".join("%s=%s" % pair for pair in sorted((quote(name), quote(value)) for name, _, value in pairs)),
            "".join("%s:%s\n" % (name, " ".join(headers[name].split())) for name in signed),
            ";".join(signed),
            body_hash,
        ]
    )
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return sign(key, "\n".join(["AWS4-HMAC-SHA256", when, scope, digest])).hex()


def refusal(target, headers, *, now, region, credentials, method="GET", has_body=False):
    """None for a request that is signed as S3 wants it, else (status, code). The checksum of a body is signed; whether
    it is that of the body is seen when that has come.

    `credentials`: access key -> (secret key, session token, expiry).
    """
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
        r"SignedHeaders=([^,]+), ?Signature=(\w+)",
        headers.get("authorization", ""),
    )
    if "authorization" not in headers:
        return 403, "AccessDenied"
    if not match or match[3] != region:
        return 400, "AuthorizationHeaderMalformed"
    access, day, _, signed, given = match.groups()
    signed = signed.split(";")
    must = {"host", "x-amz-date", "x-amz-content-sha256"} | {name for name in headers if name.startswith("x-amz-")}
    if signed != sorted(signed) or not must <= set(signed) <= set(headers):
        return 403, "AccessDenied"
    if access not in credentials:
        return 403, "InvalidAccessKeyId"
    secret, token, expiry = credentials[access]
    when = headers["x-amz-date"]
    at = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(now - at) > SKEW:
        return 403, "RequestTimeTooSkewed"
    if headers.get("x-amz-security-token") != token:
        return 400, "InvalidToken"
    if now > expiry:
        return 400, "ExpiredToken"
    body_hash = headers["x-amz-content-sha256"]
    if not has_body and body_hash not in ("UNSIGNED-PAYLOAD", hashlib.sha256(b"").hexdigest()):
        return 400, "XAmzContentSHA256Mismatch"
    scope = "/".join((day, region, "s3", "aws4_request"))
    right = signature(secret, method, target, headers, signed, body_hash, when, scope)
    return None if day == when[:8] and hmac.compare_digest(right, given) else (403, "SignatureDoesNotMatch")


class Cloud:
    """Use as a context manager. `host` is what `services/domain` says: names below it are this machine."""

    def __init__(self, bucket="rediform-test", region="eu-central-1"):
        self.bucket, self.region = bucket, region
        self.account = self.owner = "123456789012"  # of the machine; of the bucket
        self.tags = {}
        self.objects = {}  # key -> bytes
        self.metadata = "up"  # down; no-role; no-keys
        # None; 403, 404, 500; silent; slow: SLOW; cut: half of it, then the connection ends; half: as if it were all;
        # bit: one differs.
        self.fault = None
        self.may_list = True  # s3:ListBucket; without it S3 hides what is missing
        self.skew = 0  # seconds that S3's clock is ahead
        self.session = 0  # number of the credentials that the metadata service gives out
        self.expired = set()  # numbers of those that have expired
        self.requests = []  # of the bucket: (path, what came of it)
        self.over = threading.Event()

    def __enter__(self):
        self.servers = []
        for handler in (Metadata, self.bucket_handler()):
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            server.daemon_threads, server.cloud = True, self
            # How often it looks whether it is to end, in seconds: at the default of 0.5 every test would wait for that.
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            self.servers.append(server)
        self.metadata_url = "http://127.0.0.1:%d" % self.servers[0].server_port
        self.host = "localhost:%d" % self.servers[1].server_port
        return self

    def __exit__(self, *_):
        self.over.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def bucket_handler(self):
        return Bucket

    def keys(self, number):
        """Credentials as the metadata service gives them out; the token has each letter that base64 has."""
        return "ASIAFAKE%08d" % number, "s3cr3t/KEY+%d" % number + "x" * 24, "t0k3n/+" + "A/b+" * 200 + "%d==" % number

    def now(self):
        """By S3's clock."""
        return datetime.datetime.now(UTC) + datetime.timedelta(seconds=self.skew)

    def secrets(self):
        """What no other process may see."""
        return [TOKEN, *self.keys(self.session)[1:]]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self):
        with contextlib.suppress(OSError):  # a client that was killed
            super().handle()

    def log_message(self, *_):
        pass

    @property
    def cloud(self):
        return self.server.cloud

    def answer(self, status, body=b"", length=None):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


class Metadata(Handler):
    def do_PUT(self):
        if self.cloud.metadata == "down":
            return self.answer(503)
        if self.path != "/latest/api/token" or "x-aws-ec2-metadata-token-ttl-seconds" not in self.headers:
            return self.answer(400)
        return self.answer(200, TOKEN)

    def do_GET(self):
        cloud = self.cloud
        if cloud.metadata == "down":
            return self.answer(503)
        if self.headers.get("x-aws-ec2-metadata-token") != TOKEN:
            return self.answer(401)
        access, secret, token = cloud.keys(cloud.session)
        keys = {"Code": "Success", "AccessKeyId": access, "SecretAccessKey": secret, "Token": token}
        if cloud.metadata == "no-keys":
            keys = {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"}
        tree = {
            "meta-data/services/domain": cloud.host,
            "dynamic/instance-identity/document": json.dumps({"accountId": cloud.account, "region": cloud.region}),
        }
        if cloud.metadata != "no-role":
            tree["meta-data/iam/security-credentials/"] = ROLE
            tree["meta-data/iam/security-credentials/" + ROLE] = json.dumps(keys)
        tree.update({"meta-data/tags/instance/" + name: value for name, value in cloud.tags.items()})
        path = self.path[len("/latest/") :]
        return self.answer(200, tree[path]) if path in tree else self.answer(404)


class Sender:
    """What S3 answers with."""

    over = threading.Event()  # set at the end of a test
    may_list = True

    def reply(self, status, body=b"", length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def note(self, what):
        """What came of a request."""

    def error(self, status, code):
        self.note(code)
        self.reply(
            status,
            (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                "<Error><Code>%s</Code><Message>S3 means %s</Message></Error>" % (code, code)
            ).encode(),
        )

    def send(self, body, fault):
        """An object, or None where there is none; see `Cloud.fault`."""
        if fault in (403, 404, 500):
            return self.error(fault, {403: "AccessDenied", 404: "NoSuchKey", 500: "InternalError"}[fault])
        if body is None:
            return self.error(404, "NoSuchKey") if self.may_list else self.error(403, "AccessDenied")
        self.note(fault or "sent")
        if fault == "silent":
            self.over.wait()
        elif fault == "slow":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for at in range(0, len(body), SLOW):
                self.wfile.write(body[at : at + SLOW])
                if self.over.wait(1):
                    break
        elif fault == "cut":
            self.close_connection = True
            self.reply(200, body[: len(body) // 2], length=len(body))
        elif fault == "half":
            self.reply(200, body[: len(body) // 2])
        elif fault == "bit":
            self.reply(200, bytes([body[0] ^ 1]) + body[1:])
        else:
            self.reply(200, body)
        return None


class Bucket(Sender, Handler):
    @property
    def over(self):
        return self.cloud.over

    @property
    def may_list(self):
        return self.cloud.may_list

    def note(self, what):
        self.cloud.requests.append((self.path, what))

    def refused(self, method, has_body=False):
        """Whether the request was answered with an error, since it is not signed or goes to another bucket."""
        cloud = self.cloud
        now = cloud.now()
        credentials = {}
        for number in range(10):
            access, secret, token = cloud.keys(number)
            credentials[access] = secret, token, now + datetime.timedelta(hours=-1 if number in cloud.expired else 1)
        headers = {name.lower(): value for name, value in self.headers.items()}
        error = refusal(
            self.path,
            headers,
            now=now,
            region=cloud.region,
            credentials=credentials,
            method=method,
            has_body=has_body,
        )
        if not error and headers["host"] != "%s.s3.%s.%s" % (cloud.bucket, cloud.region, cloud.host):
            error = 404, "NoSuchBucket"
        if not error and headers.get("x-amz-expected-bucket-owner") != cloud.owner:
            error = 403, "AccessDenied"
        if error:
            self.error(*error)
        return bool(error)

    def do_GET(self):
        if not self.refused("GET"):
            self.send(self.cloud.objects.get(self.path[1:]), self.cloud.fault)
