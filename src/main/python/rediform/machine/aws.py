"""What a machine of EC2 may ask AWS for, with its own identity."""
import datetime
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from rediform.errors import Failed

METADATA = "http://169.254.169.254/latest/"


def ask_metadata(path: str, headers: Mapping[str, str], method: str = "GET") -> str:
    request = urllib.request.Request(METADATA + path, method=method, headers=dict(headers))
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())


def session() -> dict[str, str]:
    """The headers that a question to the metadata needs."""
    token = ask_metadata("api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "300"}, method="PUT")
    return {"X-aws-ec2-metadata-token": token}


def credentials() -> dict[str, str]:
    """The keys of the instance profile's role."""
    headers = session()
    role = ask_metadata("meta-data/iam/security-credentials/", headers).split()[0]
    keys: dict[str, str] = json.loads(ask_metadata("meta-data/iam/security-credentials/" + role, headers))
    return keys


def get_secret(region: str, name: str) -> str:
    """A secret's value."""
    keys = credentials()
    try:
        return str(request("secretsmanager", region, "GetSecretValue", {"SecretId": name}, keys)["SecretString"])
    except urllib.error.HTTPError as error:
        reason = json.loads(error.read() or b"{}").get("__type", error.reason)
        raise Failed(
            "secret %s: %s; the instance profile must allow secretsmanager:GetSecretValue on it" % (name, reason)
        ) from error


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def request(service: str, region: str, action: str, content: Mapping[str, str], keys: Mapping[str, str]) -> Any:
    """The answer to one signed request (AWS Signature Version 4)."""
    url = "https://%s.%s.amazonaws.com/" % (service, region)
    body = json.dumps(content).encode()
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": url.split("/")[2],
        "x-amz-target": "%s.%s" % (service, action),
    }
    headers = signed(headers, body, service, region, keys, now().strftime("%Y%m%dT%H%M%SZ"))
    asked = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.loads(answer.read())


def signed(
    headers: Mapping[str, str],
    body: bytes,
    service: str,
    region: str,
    keys: Mapping[str, str],
    time: str,
) -> dict[str, str]:
    """The headers of a POST to /, with its signature."""
    headers = {**headers, "x-amz-date": time, "x-amz-security-token": keys["Token"]}
    names = ";".join(sorted(headers))
    lines = "".join("%s:%s\n" % header for header in sorted(headers.items()))
    canonical = "POST\n/\n\n%s\n%s\n%s" % (lines, names, hashlib.sha256(body).hexdigest())
    parts = (time[:8], region, service, "aws4_request")
    scope = "/".join(parts)
    text = "AWS4-HMAC-SHA256\n%s\n%s\n%s" % (time, scope, hashlib.sha256(canonical.encode()).hexdigest())
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in parts:
        key = sign(key, part)
    signature = sign(key, text).hex()
    authorization = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        keys["AccessKeyId"],
        scope,
        names,
        signature,
    )
    return {**headers, "authorization": authorization}


def sign(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
