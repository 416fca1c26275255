"""A bucket of S3 as the place for backups."""
import base64
import contextlib
import hashlib
import io
import re
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple, Optional, cast

from rediform.backup.s3 import S3, Request, Trouble, one_line
from rediform.backup.stored import CHUNK, Stored
from rediform.errors import Failed
from rediform.machine.commands import say

PART = 64 << 20  # bytes that one request sends, at most
MOST_PARTS = 10000  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
# Putting the parts together may take S3 minutes; until then it sends blanks (API reference, CompleteMultipartUpload).
STALL_OF_COMPLETE = 600


class Listed(NamedTuple):
    """An object as S3 lists it."""

    name: str
    bytes: int
    etag: str


class Part(NamedTuple):
    """A piece of the source that is in the file."""

    number: int
    sha256: str
    md5: str  # in Base64
    is_last: bool


class Pieces:
    """A source in parts. Each is in a file while it is sent, because S3 wants to know size and checksum first."""

    def __init__(self, source: BinaryIO, part: int) -> None:
        self.source, self.part = source, part
        self.bytes, self.whole = 0, hashlib.sha256()  # of all so far

    def parts(self, file: BinaryIO) -> Iterator[Part]:
        number, ahead = 0, self.source.read(CHUNK)
        while number == 0 or ahead:
            number, room, digest = number + 1, self.part, hashlib.sha256()
            # S3 wants it of what a bucket locks: PutObject and UploadPart in its API reference. It is no safeguard.
            md5 = hashlib.md5(usedforsecurity=False)
            file.seek(0)
            file.truncate()
            while ahead and room:
                piece, ahead = ahead[:room], ahead[room:]
                write(file, piece)
                digest.update(piece)
                md5.update(piece)
                self.whole.update(piece)
                self.bytes, room = self.bytes + len(piece), room - len(piece)
                ahead = ahead or self.source.read(CHUNK)
            if number > MOST_PARTS:
                raise Failed("S3 takes %d parts of %d MiB; this backup has more" % (MOST_PARTS, self.part >> 20))
            yield Part(number, digest.hexdigest(), base64.b64encode(md5.digest()).decode(), is_last=not ahead)


class Bucket:
    """Objects below s3://BUCKET/PREFIX. `spool` is a folder that has room for a part."""

    def __init__(self, place: str, region: str, spool: str, part: int = PART) -> None:
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        prefix = prefix.strip("/") + "/" if prefix else ""
        self.s3, self.prefix = S3(bucket, prefix, region), prefix
        self.spool, self.part = spool, part

    def put(self, name: str, source: BinaryIO) -> Stored:
        before = self.find(name)
        pieces, upload = Pieces(source, self.part), ""
        etags: list[str] = []
        try:
            # A file without a name: nothing is left of it, whatever ends this process.
            with opened(self.spool) as file:
                for part in pieces.parts(file):
                    if part.is_last and not upload:
                        self.s3.ask(Request("PUT", name, {}, file, part.sha256, part.md5))
                        break
                    upload = upload or self.create(name)
                    query = {"partNumber": part.number, "uploadId": upload}
                    etags.append(
                        self.s3.ask(Request("PUT", name, query, file, part.sha256, part.md5))[0].get("etag", "")
                    )
                if upload:
                    self.complete(name, upload, etags, file, before)
            found = self.find(name)
            if not found or found.bytes != pieces.bytes:
                sentence = "%s: S3 took %d bytes and lists %d; it is removed, back up again"
                raise Failed(sentence % (self.s3.what(name), pieces.bytes, found.bytes if found else 0))
        except BaseException:
            self.withdraw(name, upload, before)
            raise
        return Stored(pieces.bytes, pieces.whole.hexdigest())

    @contextlib.contextmanager
    def get(self, name: str) -> Iterator[BinaryIO]:
        transfer = self.s3.retry(lambda: self.s3.start(Request("GET", name)))
        with io.BufferedReader(transfer, CHUNK) as stream:
            if transfer.left is None:
                raise Failed("%s: the answer does not say how long it is" % transfer.what)
            yield stream
            if not transfer.left:  # whoever has all of it need not have seen the end
                transfer.check_end()

    def names(self) -> list[str]:
        """Of all objects, sorted; those in folders below the prefix are not ours."""
        names: list[str] = []
        more, after = True, ""
        while more:
            # Not by S3's token, which may have a "+" that curl 8.14 signs as a blank; no name has one:
            # https://github.com/curl/curl/issues/20543
            found, more = self.page({"start-after": self.prefix + after})
            names += [each.name for each in found]
            after = found[-1].name if found else after
        return sorted(name for name in names if "/" not in name)

    def where(self) -> str:
        return "s3://%s/%s" % (self.s3.bucket, self.prefix.rstrip("/"))

    def remove(self, name: str) -> None:
        self.s3.ask(Request("DELETE", name))

    # ---------------------------------------------------------------- parts of a put

    def create(self, name: str) -> str:
        """Id of a new upload in parts. It is not listed until it is complete."""
        text = self.s3.ask(Request("POST", name, {"uploads": ""}))[1]
        match = re.search("<UploadId>([^<]+)</UploadId>", text)
        if not match:
            raise Failed("%s: S3 gave no id for the upload: %s" % (self.s3.what(name), one_line(text.encode())))
        return match[1]

    def complete(self, name: str, upload: str, etags: Sequence[str], file: BinaryIO, before: Optional[Listed]) -> None:
        parts = enumerate(etags, 1)
        text = "".join("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>" % part for part in parts)
        body = ("<CompleteMultipartUpload>%s</CompleteMultipartUpload>" % text).encode()
        file.seek(0)
        file.truncate()
        write(file, body)
        request = Request(
            "POST", name, {"uploadId": upload}, file, hashlib.sha256(body).hexdigest(), stall=STALL_OF_COMPLETE
        )
        try:
            self.s3.ask(request)
        except Trouble as trouble:
            # An earlier try, whose answer was lost, may have worked: https://github.com/peak/s5cmd/issues/450
            if trouble.code != "NoSuchUpload" or self.find(name) in (None, before):
                raise

    def withdraw(self, name: str, upload: str, before: Optional[Listed]) -> None:
        """After a failure: what S3 has kept is neither listed nor paid for. A PUT that S3 answered with an error may
        have worked (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html).
        """
        pauses = self.s3.pauses[:1]  # the failure has been patient already
        try:
            if upload:
                self.s3.ask(Request("DELETE", name, {"uploadId": upload}), pauses)
        except Failed as error:
            say("%s; parts of it stay until a lifecycle rule of the bucket aborts incomplete uploads" % error)
        try:
            if self.find(name, pauses) not in (None, before):
                self.s3.ask(Request("DELETE", name), pauses)
        except Failed as error:
            say("%s; it may be listed although its upload failed" % error)

    # ---------------------------------------------------------------- lists

    def find(self, name: str, pauses: Optional[Sequence[float]] = None) -> Optional[Listed]:
        """How an object is listed, if it is. The list is never out of date: "strong consistency" in S3's user guide."""
        found, _ = self.page({"max-keys": 1}, name, pauses)
        return found[0] if found and found[0].name == name else None

    def page(
        self, query: Mapping[str, object], name: str = "", pauses: Optional[Sequence[float]] = None
    ) -> tuple[list[Listed], bool]:
        """A page of the list of what starts with a name, and whether there are more of them."""
        query = {**query, "list-type": 2, "encoding-type": "url", "prefix": self.prefix + name}
        text = self.s3.ask(Request("GET", query=query), pauses)[1]
        if "</ListBucketResult>" not in text:
            raise Failed("%s: what S3 sent is no list: %s" % (self.s3.what(""), one_line(text.encode())))
        found = []
        for entry in re.findall("<Contents>(.*?)</Contents>", text, re.DOTALL):
            key, size, etag = (re.findall("<%s>([^<]*)" % tag, entry)[0] for tag in ("Key", "Size", "ETag"))
            found.append(Listed(urllib.parse.unquote(key).removeprefix(self.prefix), int(size), etag))
        return found, bool(found) and "<IsTruncated>true<" in text


def opened(folder: str) -> BinaryIO:
    try:
        return cast(BinaryIO, tempfile.TemporaryFile(buffering=0, dir=folder))
    except OSError as error:
        raise Failed("folder %s, where a backup waits to be sent: %s" % (folder, error.strerror)) from error


def write(file: BinaryIO, data: bytes) -> None:
    try:
        while data:
            data = data[file.write(data) :]
    except OSError as error:
        sentence = "the disk that keeps a backup while it is sent: %s; it needs %d MiB of room"
        raise Failed(sentence % (error.strerror, PART >> 20)) from error
