"""What a test may ask of the emulated AWS API beyond what AWS offers: WSGI middleware with paths of
its own below /lab/. Without such a request it changes nothing.

    GET  /lab/instances  every instance, the terminated too: a JSON list of objects with id, name,
                         region, address, state, type, tags
    GET  /lab/objects    the texts of all objects of S3 whose key ends with .json, by BUCKET/KEY
    POST /lab/log        {"file": PATH}: from now on, a line of JSON for each call is added to that
                         file: time (seconds since 1970), service, action, about (what it asks for),
                         status (HTTP), note (the code of a fault, or how an error answer begins)
    POST /lab/faults     a JSON list that takes the place of the former one: see Faults
    POST /lab/fork       answers {"port", "pid"}: a copy of all there is, in a process that ends with
                         this one. It has no log and the same faults.
    POST /lab/python     runs a snippet of Python inside, for drift that no call can make. `ec2` is
                         the function that gives moto's EC2 models of a region; what the snippet
                         puts into `answer` is answered
"""

import io
import json
import os
import time
import traceback
import urllib.parse

ACCOUNT = "123456789012"

# Longer values, such as user data, tell nothing in a log.
LONGEST_VALUE = 200

# Seconds between two looks of a copy at whether the process that it is a copy of is still there.
LOOK = 0.3


class Call:
    """A request as AWS understands it: the service, the action, and what it is about."""

    def __init__(self, environ, body):
        self.method = environ["REQUEST_METHOD"]
        self.service = self.service_of(environ.get("HTTP_AUTHORIZATION", ""))
        target = environ.get("HTTP_X_AMZ_TARGET")
        is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        form = urllib.parse.parse_qs(body.decode(errors="replace")) if is_form else {}
        if target:
            self.action = target.split(".")[-1]
            self.about = self.brief(json.loads(body or b"{}"))
        elif "Action" in form:
            self.action = form["Action"][0]
            self.about = self.brief({name: values[0] for name, values in form.items()})
        else:
            self.action = self.method
            self.about = {"path": environ["PATH_INFO"], "query": environ.get("QUERY_STRING", "")}

    @staticmethod
    def service_of(authorization):
        """A signature names the service: Credential=KEY/DAY/REGION/SERVICE/aws4_request."""
        scope = authorization.partition("Credential=")[2].split(",")[0].split("/")
        return scope[3] if len(scope) > 3 else "?"

    @staticmethod
    def brief(values):
        texts = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
            if name not in ("Action", "Version", "SecretString", "SecretBinary")
        }
        return {
            name: value if len(value) <= LONGEST_VALUE else f"({len(value)} characters)"
            for name, value in texts.items()
        }


class Faults:
    """Errors on demand. Each is an object with

    action   such as RunInstances; of S3, the method
    where    what the call must be about, as the log has it; nothing when it is missing
    after    how many such calls succeed first; none when it is missing
    times    how many fail then; all when it is missing
    code     the error's code, such as UnauthorizedOperation
    message  the error's text; the code when it is missing
    status   HTTP's; 400 when it is missing
    """

    def __init__(self):
        self.faults = []

    def replace(self, faults):
        self.faults = [{"seen": 0, **fault} for fault in faults]

    def of(self, call):
        """The fault that this call meets, or nothing."""
        for fault in self.faults:
            if fault["action"] != call.action or not self.is_where(fault, call):
                continue
            fault["seen"] += 1
            number = fault["seen"] - fault.get("after", 0)
            if 0 < number <= fault.get("times", number):
                return fault
        return None

    @staticmethod
    def is_where(fault, call):
        return fault.get("where", {}).items() <= call.about.items()

    @staticmethod
    def answer(fault, call):
        """As the service says it; each has a form of its own."""
        code, message = fault["code"], fault.get("message", fault["code"])
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        kind = "text/xml"
        if call.service == "secretsmanager":
            kind, body = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})
        elif call.service == "s3":
            body = error.replace("</Error>", "<RequestId>0</RequestId></Error>")
        elif call.service == "ec2":
            body = f"<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>"
        else:
            body = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"
        return f"{fault.get('status', 400)} Fault", [("Content-Type", kind)], body.encode()


class Lab:
    """The middleware. Whoever calls it does so with one request at a time, which makes a copy a
    moment between two calls."""

    def __init__(self, application, serve):
        """serve: how a copy serves a WSGI application; it answers the port, and does not wait."""
        self.application = application
        self.serve = serve
        self.faults = Faults()
        self.log = None

    def __call__(self, environ, start_response):
        body = self.read(environ)
        if environ["PATH_INFO"].startswith("/lab/"):
            status, headers, said = self.control(environ["PATH_INFO"], body)
        else:
            environ["wsgi.input"] = io.BytesIO(body)
            status, headers, said = self.call(Call(environ, body), environ)
        start_response(status, headers)
        return [said]

    @staticmethod
    def read(environ):
        if environ.get("wsgi.input_terminated"):
            return environ["wsgi.input"].read()
        return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))

    def call(self, call, environ):
        fault = self.faults.of(call)
        if fault:
            answer, note = Faults.answer(fault, call), fault["code"]
        else:
            head = []
            said = b"".join(self.application(environ, lambda *words: head.extend(words[:2])))
            answer = head[0], head[1], said
            note = "" if head[0].startswith("2") else said.decode(errors="replace")[:LONGEST_VALUE]
        self.note(call, int(answer[0].split()[0]), note)
        return answer

    def note(self, call, status, note):
        if not self.log:
            return
        line = {
            "time": time.time(),
            "service": call.service,
            "action": call.action,
            "about": call.about,
            "status": status,
            "note": note,
        }
        with open(self.log, "a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")

    def control(self, path, body):
        try:
            status, said = "200 OK", json.dumps(self.do(path, body.decode()))
        except Exception:  # whatever it is, the test that asked shall read it
            status, said = "500 Internal Server Error", traceback.format_exc()
        said = said.encode()
        return status, [("Content-Type", "application/json"), ("Content-Length", str(len(said)))], said

    def do(self, path, asked):
        if path == "/lab/instances":
            return instances()
        if path == "/lab/objects":
            return objects()
        if path == "/lab/log":
            self.log = json.loads(asked)["file"]
        elif path == "/lab/faults":
            self.faults.replace(json.loads(asked))
        elif path == "/lab/fork":
            return self.fork()
        elif path == "/lab/python":
            scope = {"ec2": models, "answer": {}}
            exec(asked, scope)
            return scope["answer"]
        else:
            raise ValueError(f"there is no {path}")
        return {}

    def fork(self):
        """Only this thread goes on in the copy. It never returns: the request is the parent's."""
        reading, writing = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            os.close(writing)
            with os.fdopen(reading) as port:
                return {"port": int(port.read()), "pid": pid}
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)  # what is said there is about the parent's instances
            self.log = None
            os.write(writing, str(self.serve(self)).encode())
            os.close(writing)
            while os.getppid() == parent:
                time.sleep(LOOK)
        finally:
            os._exit(0)


def models(region="eu-central-1"):
    from moto.ec2.models import ec2_backends

    return ec2_backends[ACCOUNT][region]


def instances():
    from moto.ec2.models import ec2_backends

    return [
        described(region, instance)
        for region, backend in list(ec2_backends[ACCOUNT].items())
        for instance in backend.all_instances()
    ]


def objects():
    from moto.s3.models import s3_backends

    return {
        f"{bucket.name}/{key.name}": key.value.decode()
        for bucket in s3_backends[ACCOUNT]["aws"].buckets.values()
        for key in bucket.keys.values()
        if key.name.endswith(".json")
    }


def described(region, instance):
    interfaces = list(instance.nics.values())
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    return {
        "id": instance.id,
        "name": tags.get("Name", ""),
        "region": region,
        "address": interfaces[0].private_ip_address if interfaces else "",
        "state": instance._state.name,
        "type": instance.instance_type,
        "tags": tags,
    }
