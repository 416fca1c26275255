"""Prints what is in the account, one thing a line: its kind and its name. After a destroy, that is
what was left behind. What AWS makes by itself (the default network, its own roles) is not told.

Usage: left.py, with AWS_ENDPOINT_URL and AWS_REGION in the environment.
"""

import boto3

ec2 = boto3.client("ec2")
secrets = boto3.client("secretsmanager")
iam = boto3.client("iam")
s3 = boto3.client("s3")


def named(kind, things, identity):
    for thing in things:
        tags = {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}
        yield f"{kind} {tags.get('Name') or thing[identity]}"


def default_networks():
    return {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}


def left():
    default = default_networks()

    def ours(things):
        return [thing for thing in things if thing["VpcId"] not in default]

    instances = [
        instance
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] != "terminated"
    ]
    yield from named("instance", instances, "InstanceId")
    yield from named("volume", ec2.describe_volumes()["Volumes"], "VolumeId")
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    yield from named(
        "interface",
        [{**interface, "Tags": interface.get("TagSet", [])} for interface in interfaces],
        "NetworkInterfaceId",
    )
    yield from named("network", ours(ec2.describe_vpcs()["Vpcs"]), "VpcId")
    yield from named("subnet", ours(ec2.describe_subnets()["Subnets"]), "SubnetId")
    groups = ours(ec2.describe_security_groups()["SecurityGroups"])
    yield from (f"group {group['GroupName']}" for group in groups if group["GroupName"] != "default")
    yield from named("address", ec2.describe_addresses()["Addresses"], "AllocationId")
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    yield from named("nat", [nat for nat in gateways if nat["State"] != "deleted"], "NatGatewayId")
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    yield from named("endpoint", [each for each in endpoints if each["State"] != "deleted"], "VpcEndpointId")
    placements = ec2.describe_placement_groups()["PlacementGroups"]
    yield from (f"placement {group['GroupName']}" for group in placements)
    roles = [role for role in iam.list_roles()["Roles"] if "aws-service-role" not in role["Path"]]
    yield from (f"role {role['RoleName']}" for role in roles)
    profiles = iam.list_instance_profiles()["InstanceProfiles"]
    yield from (f"profile {profile['InstanceProfileName']}" for profile in profiles)
    for secret in secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        yield f"secret {secret['Name']}" + (" (to be deleted)" if "DeletedDate" in secret else "")
    yield from (f"bucket {bucket['Name']}" for bucket in s3.list_buckets()["Buckets"])


for line in sorted(left()):
    print(line)
