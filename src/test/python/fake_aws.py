"""An AWS API on loopback for tests: moto's server, with what Terraform needs set right.

    python3 fake_aws.py [--machines]

Prints "listening on PORT" and serves until its standard input ends, so that it never outlives the
test that started it, however that ends. With --machines, instances are real: see Machines. What a
test may ask of it beyond what AWS offers is in aws_lab.py.
"""

import base64
import itertools
import json
import os
import signal
import sys
import tempfile
import threading

import aws_lab

DEBIAN = "136693071363"
DATA_DEVICE = "/dev/sdf"


def image(release, number, build):
    return {
        "ami_id": f"ami-{number:017x}",
        "name": f"debian-{release}-amd64-{build}",
        "description": f"Debian {release}",
        "owner_id": DEBIAN,
        "image_location": f"amazon/debian-{release}-amd64-{build}",
        "public": True,
        "virtualization_type": "hvm",
        "architecture": "x86_64",
        "state": "available",
        "platform": None,
        "image_type": "machine",
        "hypervisor": "xen",
        "root_device_name": "/dev/xvda",
        "root_device_type": "ebs",
        "sriov": "simple",
    }


def images_file():
    # A stranger's image is among them, so that whose image it is means something. They have no
    # dates: moto 5.2.1 reads those once per region and stumbles over what it read before.
    images = [
        image("12", 0x12A, "20250316-2053"),
        image("13", 0x13A, "20250814-2204"),
        image("13", 0x666, "20990101-0000") | {"owner_id": "666666666666"},
    ]
    handle, path = tempfile.mkstemp(prefix="images-", suffix=".json")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(images, out)
    return path


def accept_raw_user_data():
    """moto 5.2.1 refuses valid user data in ModifyInstanceAttribute: it has decoded it before."""
    from moto.ec2.responses import instances

    parse = instances.parse_user_data

    def encode_first(value):
        return parse(base64.b64encode(value) if isinstance(value, bytes) else value)

    instances.parse_user_data = encode_first


def remember_what_an_instance_was_asked_for():
    """moto 5.2.1 drops these when an instance starts on a network interface that is there."""
    from moto.ec2.responses import EC2Response

    run = EC2Response.run_instances

    def run_and_remember(self):
        answer = run(self)
        for instance in answer.result.instances:
            instance.placement.zone = instance.nics[0].subnet.availability_zone
            instance.placement.group_name = self._get_param("Placement.GroupName")
            instance.disable_api_termination = self._get_param("DisableApiTermination") or False
        return answer

    EC2Response.run_instances = run_and_remember


def free_the_network_interfaces_of_a_terminated_instance():
    """moto 5.2.1 leaves those that are to survive attached, and then nothing can delete them."""
    from moto.ec2.models.instances import Instance

    terminate = Instance.terminate

    def terminate_and_free(self):
        before = terminate(self)
        interfaces = dict(self.nics)
        for interface in interfaces.values():
            if not interface.delete_on_termination:
                self.detach_eni(interface)
        # moto describes a terminated instance by them.
        self.nics = interfaces
        return before

    Instance.terminate = terminate_and_free


def take_the_network_interface_with_its_nat_gateway():
    """moto 5.2.1 leaves it, and nobody could ever delete it."""
    from moto.ec2.models.nat_gateways import NatGatewayBackend

    delete = NatGatewayBackend.delete_nat_gateway

    def delete_both(self, nat_gateway_id):
        gateway = delete(self, nat_gateway_id)
        self.enis.pop(gateway._eni.id, None)
        return gateway

    NatGatewayBackend.delete_nat_gateway = delete_both


def take_every_call_of_s3_for_one_with_tls():
    """moto 5.2.1 denies what a bucket's policy denies, whatever the conditions; and there is no TLS on loopback."""
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    ask = IAMPolicyStatement.is_action_permitted

    def ask_what_holds(self, *arguments, **named):
        without_tls = self._statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        return PermissionResult.NEUTRAL if without_tls else ask(self, *arguments, **named)

    IAMPolicyStatement.is_action_permitted = ask_what_holds


def lock_buckets_that_hold_something():
    """moto 5.2.1 refuses that; S3 has allowed it for versioned buckets since November 2023:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
    """
    from moto.s3.models import S3Backend

    put = S3Backend.put_object_lock_configuration

    def put_whatever_it_holds(self, bucket_name, lock_enabled, mode, days=None, years=None):
        bucket = self.get_bucket(bucket_name)
        keys, bucket.keys = bucket.keys, type(bucket.keys)()
        try:
            return put(self, bucket_name, lock_enabled, mode, days, years)
        finally:
            bucket.keys = keys

    S3Backend.put_object_lock_configuration = put_whatever_it_holds


def add_placement_groups():
    """moto 5.2.1 has none."""
    from moto.core.responses import ActionResult, EmptyResult
    from moto.ec2 import utils
    from moto.ec2.exceptions import EC2ClientError
    from moto.ec2.responses import EC2Response

    groups = {}
    numbers = itertools.count()
    # Without these two no call may change their tags.
    utils.EC2_RESOURCE_TO_PREFIX["placement-group"] = "pg"
    utils.EC2_PREFIX_TO_RESOURCE["pg"] = "placement-group"

    def create(self):
        name = self._get_param("GroupName")
        tags = self._parse_tag_specification("placement-group").get("placement-group", {})
        groups[name] = {
            "GroupName": name,
            "GroupId": f"pg-{next(numbers):017x}",
            "GroupArn": f"arn:aws:ec2:{self.region}:123456789012:placement-group/{name}",
            "Strategy": self._get_param("Strategy"),
            "SpreadLevel": "rack",
            "State": "available",
        }
        self.ec2_backend.create_tags([groups[name]["GroupId"]], tags)
        return ActionResult({"PlacementGroup": described(self, name)})

    def described(self, name):
        tags = self.ec2_backend.tags[groups[name]["GroupId"]]
        return {**groups[name], "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def describe(self):
        names = self._get_param("GroupNames", [])
        missing = [name for name in names if name not in groups]
        if missing:
            raise EC2ClientError("InvalidPlacementGroup.Unknown", f"unknown: {missing}")
        return ActionResult({"PlacementGroups": [described(self, name) for name in names or groups]})

    def delete(self):
        group = groups.pop(self._get_param("GroupName"))
        self.ec2_backend.tags.pop(group["GroupId"], None)
        return EmptyResult()

    EC2Response.create_placement_group = create
    EC2Response.describe_placement_groups = describe
    EC2Response.delete_placement_group = delete


class Machines:
    """Says what becomes of instances and volumes, one line of JSON each on standard output, so that
    someone makes it true. An instance is on its way (stopping, shutting down) until a line with its
    id comes back on standard input.
    """

    def __init__(self):
        from moto.ec2.exceptions import EC2ClientError
        from moto.ec2.models.elastic_block_store import EBSBackend
        from moto.ec2.models.instances import Instance
        from moto.ec2.models.tags import TagBackend
        from moto.ec2.responses import EC2Response

        self.leaving = {}
        tell = self.tell
        run, start, stop, terminate = EC2Response.run_instances, Instance.start, Instance.stop, Instance.terminate
        attach, detach = EBSBackend.attach_volume, EBSBackend.detach_volume
        modify, delete = EBSBackend.modify_volume, EBSBackend.delete_volume
        tag, untag = TagBackend.create_tags, TagBackend.delete_tags

        def run_and_tell(backend):
            answer = run(backend)
            for instance in answer.result.instances:
                tell("start", instance)
            return answer

        def start_and_tell(instance):
            before = start(instance)
            if before.name == "stopped":
                tell("start", instance)
            return before

        def stop_and_tell(instance):
            if instance._state.name == "stopped":
                return stop(instance)
            before = stop(instance)
            self.leaves(instance, ("stopping", 64), ("stopped", 80))
            tell("stop", instance)
            return before

        def terminate_and_tell(instance):
            before = terminate(instance)
            self.leaves(instance, ("shutting-down", 32), ("terminated", 48))
            tell("terminate", instance)
            return before

        def attach_and_tell(backend, volume_id, instance_id, device_path, *more, **named):
            attachment = attach(backend, volume_id, instance_id, device_path, *more, **named)
            if device_path == DATA_DEVICE:  # the root disk comes with its machine
                tell("attach", attachment.instance, gib=attachment.volume.size)
            return attachment

        def detach_and_tell(backend, volume_id, instance_id, device_path):
            attachment = detach(backend, volume_id, instance_id, device_path)
            tell("detach", attachment.instance)
            return attachment

        def modify_and_tell(backend, volume_id, target_size=None, *more, **named):
            volume = backend.get_volume(volume_id)
            if target_size and int(target_size) < int(volume.size):
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"New size cannot be smaller than existing size: {target_size} < {volume.size}",
                )
            modified = modify(backend, volume_id, target_size, *more, **named)
            if volume.attachment and target_size and volume.attachment.device == DATA_DEVICE:
                tell("resize", volume.attachment.instance, gib=int(target_size))
            return modified

        def delete_and_tell(backend, volume_id):
            name = {tag["key"]: tag["value"] for tag in backend.get_volume(volume_id).get_tags()}.get("Name", "")
            deleted = delete(backend, volume_id)
            if name.endswith("-data"):
                print(json.dumps({"event": "delete", "name": name}), flush=True)
            return deleted

        def tags_and_tell(change):
            def changed(backend, resource_ids, *more, **named):
                answer = change(backend, resource_ids, *more, **named)
                for instance in backend.all_instances():
                    if instance.id in resource_ids and instance.nics:
                        tell("tags", instance)
                return answer

            return changed

        TagBackend.create_tags, TagBackend.delete_tags = tags_and_tell(tag), tags_and_tell(untag)
        EC2Response.run_instances = run_and_tell
        Instance.start, Instance.stop, Instance.terminate = start_and_tell, stop_and_tell, terminate_and_tell
        EBSBackend.attach_volume, EBSBackend.detach_volume = attach_and_tell, detach_and_tell
        EBSBackend.modify_volume, EBSBackend.delete_volume = modify_and_tell, delete_and_tell

    def leaves(self, instance, on_the_way, there):
        instance._state.name, instance._state.code = on_the_way
        self.leaving[instance.id] = instance, there

    def arrived(self, instance_id):
        instance, there = self.leaving.pop(instance_id)
        instance._state.name, instance._state.code = there

    @staticmethod
    def tell(event, instance, **more):
        interface = next(iter(instance.nics.values()))
        tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
        print(
            json.dumps(
                {
                    "event": event,
                    "id": instance.id,
                    "name": tags.get("Name", ""),
                    "tags": tags,
                    "address": interface.private_ip_address,
                    "image": instance.image_id,
                    "userData": str(instance.user_data or ""),
                    **more,
                }
            ),
            flush=True,
        )


class OneAtATime:
    """Serves one request at a time, and one that is sent again with the answer that it had.

    moto's models know no locks, and the provider asks for ten things at once. Its SDK sends a request
    again when an answer got lost; a second AddRoleToInstanceProfile would then be an error. What was
    refused has done nothing and is done anew; what went wrong inside moto is said on standard error.
    """

    def __init__(self, application):
        self.application = application
        self.lock = threading.Lock()
        self.answers = {}

    def __call__(self, environ, start_response):
        request = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        with self.lock:
            answer = self.answers.get(request) or self.ask(environ)
            if request and answer[0].startswith("2"):
                self.answers[request] = answer
        status, headers, body = answer
        start_response(status, headers)
        return [body]

    def ask(self, environ):
        head = []
        body = b"".join(self.application(environ, lambda *words: head.extend(words[:2])))
        if head[0].startswith("5"):
            print(environ["PATH_INFO"], head[0], body.decode(errors="replace"), file=sys.stderr)
        return head[0], head[1], body


def serve(application):
    """Serves it on a free port of loopback until this process ends, and answers the port."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, OneAtATime(application), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main():
    # moto reads this when it is imported.
    os.environ["MOTO_AMIS_PATH"] = images_file()
    from moto.server import DomainDispatcherApplication, create_backend_app
    import logging

    accept_raw_user_data()
    remember_what_an_instance_was_asked_for()
    free_the_network_interfaces_of_a_terminated_instance()
    take_the_network_interface_with_its_nat_gateway()
    take_every_call_of_s3_for_one_with_tls()
    lock_buckets_that_hold_something()
    add_placement_groups()
    machines = Machines() if "--machines" in sys.argv else None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # A copy of this process that ends leaves nothing behind, since nobody waits for it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    port = serve(aws_lab.Lab(DomainDispatcherApplication(create_backend_app), serve))
    print(f"listening on {port}", flush=True)
    for line in sys.stdin:
        machines.arrived(line.strip())
    os.unlink(os.environ["MOTO_AMIS_PATH"])
    os._exit(0)


main()
