"""The bucket of `fake_bucket.py` with lists, uploads in parts and removals, as the S3 API reference has them.

`Cloud.faults` is a list of [operation, fault, how often]; the operations have the API's names. A fault is a code of S3
that is answered, or one of these words:

    down        the connection ends at once         silent      no answer
    cut         it ends after half of the body      lost        done, but it ends before the answer
    half        half is kept, and 200 answered      done        done, but answered with InternalError
    bit         all but one bit is kept, and 200 answered
    late-error  200, with an error as the body      no-length   an answer of unknown length
"""

import base64
import datetime
import hashlib
import itertools
import re
import urllib.parse
import xml.etree.ElementTree
from xml.sax.saxutils import escape

import fake_bucket

STATUS = {"NoSuchKey": 404, "NoSuchUpload": 404, "NoSuchBucket": 404, "InternalError": 500, "SlowDown": 503}
STATUS.update(AccessDenied=403, PermanentRedirect=301)  # others: 400
OPERATIONS = {  # method, and the parameter that tells -> operation
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", ""): "GetObject",
    ("PUT", "partNumber"): "UploadPart",
    ("PUT", ""): "PutObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", ""): "DeleteObject",
}


class Hole:
    """In place of an object whose bytes nothing needs."""

    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size


def etag(data):
    return '"%s"' % hashlib.md5(str(len(data)).encode() if isinstance(data, Hole) else data).hexdigest()


class Cloud(fake_bucket.Cloud):
    def __init__(self, **more):
        super().__init__(**more)
        self.faults = []
        self.numbers = itertools.count()
        self.uploads = {}  # id -> (key, {number: bytes})
        self.completed = {}  # id -> key
        self.calls = []  # (operation, number of the credentials, what came of it)
        self.page = 1000  # names in a list, at most
        self.is_forgetful = False  # of bytes, not of sizes
        self.repeats_complete = True  # as S3 does: https://github.com/adobe/S3Mock/issues/2586
        self.is_locked = False  # with a default retention (S3 Object Lock), and so versioned
        self.versions = []  # (key, bytes) of what was deleted or overwritten in a locked bucket
        self.on_call = None  # is told each operation before it is done

    def bucket_handler(self):
        return Bucket

    def operations(self):
        return [call[0] for call in self.calls]

    def tag(self, key):
        return etag(self.objects[key])

    def size(self, key):
        return len(self.objects[key])

    def fault_of(self, operation):
        for fault in self.faults:
            if fault[0] in (operation, "*") and fault[2] > 0:
                fault[2] -= 1
                return fault[1]
        return None


class Bucket(fake_bucket.Bucket):
    def do_GET(self):
        self.serve("GET")

    def do_PUT(self):
        self.serve("PUT")

    def do_POST(self):
        self.serve("POST")

    def do_DELETE(self):
        self.serve("DELETE")

    def note(self, what):
        self.cloud.calls.append((self.operation, self.credentials(), what))

    def credentials(self):
        match = re.search(r"Credential=ASIAFAKE(\d+)", self.headers.get("authorization", ""))
        return int(match[1]) if match else None

    def serve(self, method):
        cloud = self.cloud
        path, _, query = self.path.partition("?")
        self.key = urllib.parse.unquote(path[1:])
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.operation = next(
            name for (verb, told), name in OPERATIONS.items() if verb == method and (told in self.query or not told)
        )
        if cloud.on_call:
            cloud.on_call(self.operation)
        fault = cloud.fault_of(self.operation)
        if fault == "silent":
            self.note(fault)
            cloud.over.wait()
        if fault in ("down", "silent"):
            return self.hang_up(fault)
        if self.refused(method, has_body=method in ("PUT", "POST")):
            self.close_connection = True  # the body is not read
            return None
        body = b""
        if method in ("PUT", "POST"):
            if "content-length" not in self.headers:
                self.close_connection = True
                return self.error(411, "MissingContentLength")
            size = int(self.headers["content-length"])
            if fault == "cut":
                self.rfile.read(size // 2)
                return self.hang_up(fault)
            body = self.rfile.read(size)
            if len(body) < size:
                return self.hang_up("gone")
            if hashlib.sha256(body).hexdigest() != self.headers["x-amz-content-sha256"]:
                return self.error(400, "XAmzContentSHA256Mismatch")
            given = self.headers.get("content-md5")
            if given and given != base64.b64encode(hashlib.md5(body).digest()).decode():
                return self.error(400, "BadDigest")
            if cloud.is_locked and method == "PUT" and not given:
                # "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock
                # parameters", and for Put Part requests too.
                return self.error(400, "InvalidRequest")
            if fault == "half":
                body = body[: size // 2]
            elif fault == "bit":
                body = bytes([body[0] ^ 1]) + body[1:]
        if fault == "late-error":
            return self.error(200, "InternalError")
        if fault and fault[0].isupper():
            return self.error(STATUS.get(fault, 400), fault)
        answer = getattr(self, self.operation)(body)
        if answer[0] >= 300:
            return self.error(*answer)
        if fault == "done":
            return self.error(500, "InternalError")
        if fault == "lost":
            return self.hang_up(fault)
        return self.conclude(fault, *answer)

    def conclude(self, fault, status, text=b"", tag=""):
        if self.operation == "GetObject":
            return self.send(text, fault)  # the faults of fake_bucket.py
        self.note("done")
        self.send_response(status)
        if tag:
            self.send_header("ETag", tag)
        if fault == "no-length":
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        return None

    def send(self, body, fault):
        if fault != "no-length":
            return super().send(body, fault)
        self.operation = "answer without length"
        return self.conclude(fault, 200, body)

    def error(self, status, code):
        self.note(code)
        here, there = self.headers.get("x-amz-date", ""), self.cloud.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        token = self.headers.get("x-amz-security-token", "")
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>S3 means %s</Message>'
            "<RequestTime>%s</RequestTime><ServerTime>%s</ServerTime><Token-0>%s</Token-0></Error>"
        )
        self.reply(status, (text % (code, code, here, there, token)).encode())

    def hang_up(self, why):
        self.note(why)
        self.close_connection = True

    def keep(self, data):
        return Hole(len(data)) if self.cloud.is_forgetful else data

    # ---------------------------------------------------------------- operations: (status, text or code, ETag)

    def keep_version(self):
        if self.cloud.is_locked and self.key in self.cloud.objects:
            self.cloud.versions.append((self.key, self.cloud.objects[self.key]))

    def PutObject(self, body):
        self.keep_version()
        self.cloud.objects[self.key] = self.keep(body)
        return 200, b"", etag(body)

    def GetObject(self, _):
        if self.key not in self.cloud.objects:
            return 404, "NoSuchKey"
        return 200, self.cloud.objects[self.key]

    def DeleteObject(self, _):
        """Without a version's id, a locked bucket takes it, too: it puts a marker over the versions."""
        self.keep_version()
        self.cloud.objects.pop(self.key, None)
        return 204, b""

    def CreateMultipartUpload(self, _):
        # S3's own have letters, digits and these.
        number = "up.lo_ad-%d~" % next(self.cloud.numbers)
        self.cloud.uploads[number] = self.key, {}
        return 200, b"<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>" % (
            number.encode()
        )

    def UploadPart(self, body):
        key, parts = self.cloud.uploads.get(self.query["uploadId"], ("", {}))
        if key != self.key:
            return 404, "NoSuchUpload"
        parts[int(self.query["partNumber"])] = self.keep(body)
        return 200, b"", etag(self.keep(body))

    def CompleteMultipartUpload(self, body):
        cloud, upload = self.cloud, self.query["uploadId"]
        done = b"   \n<CompleteMultipartUploadResult/>"  # S3 sends blanks while it puts the parts together
        if cloud.repeats_complete and cloud.completed.get(upload) == self.key:
            return 200, done
        if upload not in cloud.uploads or cloud.uploads[upload][0] != self.key:
            return 404, "NoSuchUpload"
        parts = cloud.uploads[upload][1]
        named = [(int(part.findtext("PartNumber")), part.findtext("ETag")) for part in parsed(body).iter("Part")]
        if not named or [number for number, _ in named] != sorted({number for number, _ in named}):
            return 400, "InvalidPartOrder"
        if any(number not in parts or etag(parts[number]) != tag for number, tag in named):
            return 400, "InvalidPart"
        pieces = [parts[number] for number, _ in named]
        self.keep_version()
        cloud.objects[self.key] = Hole(sum(map(len, pieces))) if cloud.is_forgetful else b"".join(pieces)
        cloud.completed[upload] = cloud.uploads.pop(upload)[0]
        return 200, done

    def AbortMultipartUpload(self, _):
        return (204, b"") if self.cloud.uploads.pop(self.query["uploadId"], None) else (404, "NoSuchUpload")

    def ListObjectsV2(self, _):
        ask, cloud = self.query.get, self.cloud
        prefix, url = ask("prefix", ""), ask("encoding-type") == "url"
        after = ask("start-after", "")
        count = min(int(ask("max-keys", cloud.page)), cloud.page)
        keys = [key for key in sorted(cloud.objects) if key.startswith(prefix) and key > after]
        shown = [
            "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag><Size>%d</Size></Contents>"
            % (
                urllib.parse.quote(key) if url else escape(key),
                datetime.datetime.now().isoformat(),
                escape(cloud.tag(key), {'"': "&quot;"}),
                cloud.size(key),
            )
            for key in keys[:count]
        ]
        more = len(keys) > count
        if more:
            shown.append("<NextContinuationToken>a+b/c=</NextContinuationToken>")
        shown.append("<IsTruncated>%s</IsTruncated>" % str(more).lower())
        return 200, ("<ListBucketResult>%s</ListBucketResult>" % "".join(shown)).encode()


def parsed(body):
    return xml.etree.ElementTree.fromstring(body)
