"""How a machine asks AWS: signed, with what its metadata gives it."""
import datetime
import io
import json
import unittest
import urllib.error
from unittest.mock import patch

import fixtures  # noqa: F401

from rediform.errors import Failed
from rediform.machine import aws

KEYS = {"Token": "token", "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
SIGNATURE = "e49cf97503276a82093a78e2ada2968a1a9a4bd82fadc8f0487bd7a12ffb5208"


class Secret(unittest.TestCase):
    def ask(self, answer):
        """Asks for a secret; returns it, and what was asked."""
        asked = []

        def urlopen(request, timeout):
            asked.append(request)
            if "api/token" in request.full_url:
                return io.BytesIO(b"t")
            if request.full_url.endswith("security-credentials/"):
                return io.BytesIO(b"role\n")
            if request.full_url.endswith("security-credentials/role"):
                return io.BytesIO(json.dumps(KEYS).encode())
            return answer(request)

        with patch.object(aws.urllib.request, "urlopen", urlopen), patch.object(aws, "now", lambda: NOW):
            return aws.get_secret("eu-central-1", "rediform/x/nodes"), asked

    def test_the_request_is_signed_with_the_roles_keys(self):
        secret, asked = self.ask(lambda request: io.BytesIO(b'{"SecretString": "{}"}'))
        self.assertEqual(secret, "{}")
        self.assertEqual([request.get_method() for request in asked], ["PUT", "GET", "GET", "POST"])
        self.assertEqual([request.get_header("X-aws-ec2-metadata-token") for request in asked[1:3]], ["t", "t"])
        request = asked[-1]
        self.assertEqual(request.full_url, "https://secretsmanager.eu-central-1.amazonaws.com/")
        self.assertEqual(request.data, b'{"SecretId": "rediform/x/nodes"}')
        self.assertEqual(request.get_header("X-amz-security-token"), "token")
        self.assertEqual(request.get_header("X-amz-target"), "secretsmanager.GetSecretValue")
        self.assertTrue(request.get_header("Authorization").endswith(", Signature=" + SIGNATURE))

    def test_a_refusal_names_the_permission_that_is_missing(self):
        def refuse(request):
            body = io.BytesIO(b'{"__type": "AccessDeniedException"}')
            raise urllib.error.HTTPError(request.full_url, 400, "Bad Request", {}, body)

        with self.assertRaisesRegex(Failed, "AccessDeniedException.*secretsmanager:GetSecretValue"):
            self.ask(refuse)


if __name__ == "__main__":
    unittest.main()
