"""Prints what AWS has, asked of its API: one JSON object, each part by the names of things.

Usage: read_back.py, with AWS_ENDPOINT_URL and AWS_REGION in the environment.
"""

import json

import boto3

ec2 = boto3.client("ec2")
secrets = boto3.client("secretsmanager")
iam = boto3.client("iam")


def name(thing):
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}.get("Name", "")


def tags(thing):
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


def pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def attribute(instance, which, key):
    return ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute=which)[key]["Value"]


def instances(volumes, groups):
    result = {}
    for reservation in pages(ec2, "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] == "terminated":
                continue
            devices = {
                device["DeviceName"]: volumes[device["Ebs"]["VolumeId"]] for device in instance["BlockDeviceMappings"]
            }
            result[name(instance)] = {
                "id": instance["InstanceId"],
                "type": instance["InstanceType"],
                "image": instance["ImageId"],
                "address": instance["PrivateIpAddress"],
                "public": instance.get("PublicIpAddress", ""),
                "zone": instance["Placement"]["AvailabilityZone"],
                "profile": instance["IamInstanceProfile"]["Arn"].split("/")[-1],
                "groups": sorted(groups[g["GroupId"]] for g in instance["SecurityGroups"]),
                "interfaceGroups": sorted(
                    groups[g["GroupId"]] for interface in instance["NetworkInterfaces"] for g in interface["Groups"]
                ),
                "tokens": instance["MetadataOptions"]["HttpTokens"],
                "hops": instance["MetadataOptions"]["HttpPutResponseHopLimit"],
                "protected": attribute(instance, "disableApiTermination", "DisableApiTermination"),
                "devices": devices,
                "root": instance["RootDeviceName"],
                "tags": tags(instance),
            }
    return result


def volumes():
    return {
        volume["VolumeId"]: {
            "name": name(volume),
            "gib": volume["Size"],
            "type": volume["VolumeType"],
            "encrypted": volume["Encrypted"],
            "zone": volume["AvailabilityZone"],
        }
        for volume in pages(ec2, "describe_volumes", "Volumes")
    }


def rules(groups):
    """Each as GROUP direction PROTOCOL PORTS SOURCE, such as 'staging-redis in tcp 6379 10.0.0.0/8'."""
    result = []
    for rule in pages(ec2, "describe_security_group_rules", "SecurityGroupRules"):
        group = groups[rule["GroupId"]]
        if group == "default":
            continue
        other = rule.get("CidrIpv4") or groups[rule["ReferencedGroupInfo"]["GroupId"]]
        ports = f"{rule['FromPort']}-{rule['ToPort']}"
        if rule["IpProtocol"] == "-1":
            ports = "all"
        elif rule["FromPort"] == rule["ToPort"]:
            ports = str(rule["FromPort"])
        way = "out" if rule["IsEgress"] else "in"
        result.append(f"{group} {way} {rule['IpProtocol']} {ports} {other}")
    return sorted(result)


def value(secret):
    """Passwords by their purposes; a program is text."""
    text = secrets.get_secret_value(SecretId=secret["ARN"])["SecretString"]
    return json.loads(text) if text.startswith("{") else text


def values():
    return {
        secret["Name"]: {
            "arn": secret["ARN"],
            "value": value(secret),
        }
        for secret in pages(secrets, "list_secrets", "SecretList")
    }


def policies():
    return {
        role["RoleName"]: {
            policy: iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        }
        for role in pages(iam, "list_roles", "Roles")
    }


def types():
    """Every Nitro type in the form of src/main/resources/ec2-instance-types.txt."""
    return sorted(
        "%s %d %d %s %s"
        % (
            kind["InstanceType"],
            kind["VCpuInfo"]["DefaultVCpus"],
            kind["MemoryInfo"]["SizeInMiB"],
            "x86_64" if "x86_64" in kind["ProcessorInfo"]["SupportedArchitectures"] else "arm64",
            "burstable" if kind["BurstablePerformanceSupported"] else "steady",
        )
        for kind in pages(ec2, "describe_instance_types", "InstanceTypes")
        if kind.get("Hypervisor") == "nitro"
    )


all_volumes = volumes()
all_groups = {
    group["GroupId"]: group["GroupName"] for group in pages(ec2, "describe_security_groups", "SecurityGroups")
}
print(
    json.dumps(
        {
            "instances": instances(all_volumes, all_groups),
            "volumes": sorted(v["name"] for v in all_volumes.values() if v["name"]),
            "rules": rules(all_groups),
            "subnets": {
                name(subnet): {"cidr": subnet["CidrBlock"], "zone": subnet["AvailabilityZone"]}
                for subnet in pages(ec2, "describe_subnets", "Subnets")
                if name(subnet)
            },
            "placementGroups": {
                group["GroupName"]: group["Strategy"] for group in ec2.describe_placement_groups()["PlacementGroups"]
            },
            "secrets": values(),
            "policies": policies(),
            "types": types(),
        }
    )
)
