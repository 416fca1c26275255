"""Calls of S3's API by the program curl, with the keys that this machine's metadata gives out."""
import contextlib
import hashlib
import http.client
import io
import json
import re
import subprocess
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, Optional, TypeVar, cast

from rediform.errors import Failed
from rediform.machine import aws
from rediform.machine.commands import say

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries; "SlowDown" wants more than one short pause
STALL = 30  # seconds of a transfer below 1 kB/s
MOST_WORDS = 300  # characters of what S3 or curl said that a message repeats
NOTHING = hashlib.sha256(b"").hexdigest()
# Codes that may be gone at the next try although their status is below 500. A CompleteMultipartUpload has the last two
# with status 200. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
LATER = ("ExpiredToken", "OperationAborted", "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable")
NETWORK = "is there a gateway endpoint for S3, or NAT?"
REGION = "the bucket must be in the cluster's region"
# What to do about S3's codes, and about curl's (no name, no connection, too slow).
HINTS = {
    "AccessDenied": "the role needs {permission} (see the policies of role, boundary, organization, bucket, key and "
    "endpoint), and the bucket must belong to this machine's account",
    "AuthorizationHeaderMalformed": REGION,
    "NoSuchBucket": "create the bucket, or correct backup.bucket in the environment file and deploy",
    "PermanentRedirect": REGION,
    "RequestTimeTooSkewed": "this machine's clock says {here}, S3's says {there}; see: timedatectl",
    "curl 6": NETWORK,
    "curl 7": NETWORK,
    "curl 28": NETWORK,
    "curl 52": NETWORK,
    "curl 56": NETWORK,
}
# No answer, and a failure to receive: curl repeats what OpenSSL said (https://curl.se/libcurl/c/libcurl-errors.html)
CLOSED = (52, 56)

Result = TypeVar("Result")


class Trouble(Failed):
    """What S3 or curl said. `code` is S3's word for it; `later`: another try may help."""

    def __init__(self, message: str, code: str = "", later: bool = True) -> None:
        super().__init__(message)
        self.code, self.later = code, later


class Request(NamedTuple):
    """A call of S3's API. The body is all of an open file."""

    method: str
    name: str = ""  # of an object; empty for the bucket itself
    query: Mapping[str, object] = {}
    body: Optional[BinaryIO] = None
    sha256: str = NOTHING  # of the body
    md5: str = ""  # of the body, in Base64; a bucket with Object Lock wants it of objects and parts
    stall: Optional[float] = None  # where the usual one is not right

    def permission(self) -> str:
        if self.method == "DELETE":
            return "s3:AbortMultipartUpload" if "uploadId" in self.query else "s3:DeleteObject"
        if self.method != "GET":
            return "s3:PutObject"
        # S3 does not say that an object is missing to those who may not list.
        return "s3:GetObject and s3:ListBucket" if self.name else "s3:ListBucket"


class Transfer(io.RawIOBase):
    """What S3 answers, as curl prints it. At its end Trouble says so if that was not all of it."""

    def __init__(self, what: str, child: subprocess.Popen[bytes]) -> None:
        self.what, self.child = what, child
        self.answer = cast(io.BufferedReader, child.stdout)
        self.headers: dict[str, str] = {}
        self.status = 0
        self.left: Optional[int] = None  # bytes that are still to come, where S3 has told

    def read_heads(self) -> None:
        while self.status < 200:  # 100 (Continue) comes before the answer
            self.status = self.read_head()
        length = self.headers.get("content-length", "")
        self.left = int(length) if length.isdecimal() else None

    def read_head(self) -> int:
        match = re.match(rb"HTTP/\S+ (\d{3})", self.answer.readline())
        if not match:
            self.check_end()
            raise Trouble(self.what + ": the answer has no status")
        while line := one_line(self.answer.readline()):
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        return int(match[1])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self.answer.readinto1(buffer)
        if self.left is not None:
            self.left -= count
        if not count:
            self.check_end()
        return count

    def check_end(self) -> None:
        """Curl ends with 18 when an answer is shorter than announced, and with 28 when it stalls."""
        assert self.child.stderr
        said, code = one_line(self.child.stderr.read()), self.child.wait()
        if code:
            if code in CLOSED:
                said = "curl: (%d) the connection was closed" % code
            # Curl 8.14 (Debian 13) does not have words for everything.
            words = (self.what, said or "curl: (%d)" % code, HINTS.get("curl %d" % code, ""))
            raise Trouble("; ".join(filter(None, words)))
        if self.left:
            raise Trouble("%s was cut off: %d bytes are missing; try again" % (self.what, self.left))

    def close(self) -> None:
        if not self.closed:
            with self.child:  # closes its pipes and waits for it
                self.child.kill()
        super().close()


class S3:
    """The objects of one bucket below a prefix."""

    proto = "https"
    curl: Sequence[str] = ("curl",)
    pauses: Sequence[float] = PAUSES
    stall: float = STALL

    def __init__(self, bucket: str, prefix: str, region: str) -> None:
        self.bucket, self.prefix, self.region = bucket, prefix, region
        self.account = self.domain = ""  # what the metadata says, once it was asked

    def ask(self, request: Request, pauses: Optional[Sequence[float]] = None) -> tuple[dict[str, str], str]:
        """Headers and text of an answer."""

        def attempt() -> tuple[dict[str, str], str]:
            with self.start(request) as transfer:
                body = transfer.readall()
                # CompleteMultipartUpload says 200 before it knows (API reference).
                if b"<Error>" in body:
                    raise self.refusal(request, transfer, body)
                return transfer.headers, body.decode("utf-8", "replace")

        return self.retry(attempt, pauses)

    def retry(self, attempt: Callable[[], Result], pauses: Optional[Sequence[float]] = None) -> Result:
        for pause in self.pauses if pauses is None else pauses:
            try:
                return attempt()
            except Trouble as trouble:
                if not trouble.later:
                    raise
                say("%s; trying again" % trouble)
            time.sleep(pause)
        return attempt()

    def start(self, request: Request) -> Transfer:
        """The answer to a request, unless that is a refusal."""
        # On standard input: every process on the machine may read arguments.
        config = "".join("%s = %s\n" % (name, json.dumps(str(value))) for name, value in self.options(request))
        try:
            child = subprocess.Popen(
                [*self.curl, "-q", "-sS", "--globoff", "--include", "--suppress-connect-headers", "--config", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[request.body.fileno()] if request.body else [],
            )
        except OSError as error:
            raise Failed("curl could not be started: %s; install it: apt-get install curl" % error) from error
        assert child.stdin
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(config.encode())
        transfer = Transfer(self.what(request.name), child)
        try:
            transfer.read_heads()
            if transfer.status >= 300:
                raise self.refusal(request, transfer, transfer.readall())
        except BaseException:
            transfer.close()
            raise
        return transfer

    def options(self, request: Request) -> list[tuple[str, object]]:
        """What curl is told. Keys are asked for anew each time, since they expire while a large backup is sent."""
        try:
            if not self.domain:
                session = aws.session()
                self.account = json.loads(aws.ask_metadata("dynamic/instance-identity/document", session))["accountId"]
                self.domain = aws.ask_metadata("meta-data/services/domain", session).strip()
                # The same as the bootstrap makes of it.
                made_id = hashlib.sha256(("%s/%s" % (self.account, self.region)).encode()).hexdigest()[:12]
                self.bucket = self.bucket.replace("{id}", made_id)
            keys = aws.credentials()
            user, token = "%s:%s" % (keys["AccessKeyId"], keys["SecretAccessKey"]), keys["Token"]
        except (OSError, http.client.HTTPException, LookupError, ValueError) as error:
            sentence = "%s: the metadata has no keys: %s %s; does the machine have a role?"
            raise Trouble(sentence % (self.what(request.name), type(error).__name__, error)) from error
        # Curl 7.88 (Debian 12) signs it as it is, and S3 wants it sorted: https://github.com/curl/curl/issues/9717
        query = urllib.parse.urlencode(sorted(request.query.items()), quote_via=urllib.parse.quote, safe="")
        key = urllib.parse.quote(self.prefix + request.name) if request.name else ""
        host = "%s.s3.%s.%s" % (self.bucket, self.region, self.domain)
        options = [
            ("url", "%s://%s/%s%s" % (self.proto, host, key, query and "?" + query)),
            ("aws-sigv4", "aws:amz:%s:s3" % self.region),
            ("user", user),
            ("header", "x-amz-security-token: " + token),
            # Names of buckets can be guessed and taken by others.
            ("header", "x-amz-expected-bucket-owner: " + self.account),
            # Curl 7.88 does not send it, and newer ones do not hash a file: https://github.com/curl/curl/issues/8810
            ("header", "x-amz-content-sha256: " + request.sha256),
            ("connect-timeout", 5),
            ("speed-limit", 1000),
            ("speed-time", max(1, round(request.stall or self.stall))),
        ]
        if request.md5:
            options += [("header", "content-md5: " + request.md5)]
        if request.method != "GET":
            options += [("request", request.method)]
        if request.method == "POST":
            options += [("header", "content-type: application/octet-stream")]  # otherwise curl says it is a form
        if request.body:
            options += [("upload-file", "/dev/fd/%d" % request.body.fileno())]
        elif request.method == "POST":
            options += [("data", "")]
        return options

    def refusal(self, request: Request, transfer: Transfer, body: bytes) -> Trouble:
        """What S3 said, and what to do about it. Other elements of an error may repeat the token."""
        said = dict(re.findall("<(Code|Message|ServerTime)>([^<]*)", body.decode("utf-8", "replace")))
        code = said.get("Code", "HTTP status %d" % transfer.status)
        here = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        hint = HINTS.get(code, "").format(permission=request.permission(), here=here, there=said.get("ServerTime", "?"))
        words = (self.what(request.name), code, one_line(said.get("Message", "").encode()), hint)
        return Trouble("; ".join(filter(None, words)), code, transfer.status >= 500 or code in LATER)

    def what(self, name: str) -> str:
        return "object %s in bucket %s" % (self.prefix + name, self.bucket) if name else "bucket " + self.bucket


def one_line(text: bytes) -> str:
    said = "".join(c if c.isprintable() else " " for c in text.decode("utf-8", "replace"))
    return " ".join(said.split())[:MOST_WORDS]
