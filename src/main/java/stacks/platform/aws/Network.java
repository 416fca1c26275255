package stacks.platform.aws;

import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.NOT_UNDERSTOOD;

import com.hashicorp.cdktf.TerraformResource;
import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.eip.Eip;
import com.hashicorp.cdktf.providers.aws.internet_gateway.InternetGateway;
import com.hashicorp.cdktf.providers.aws.nat_gateway.NatGateway;
import com.hashicorp.cdktf.providers.aws.route.Route;
import com.hashicorp.cdktf.providers.aws.route_table.RouteTable;
import com.hashicorp.cdktf.providers.aws.route_table_association.RouteTableAssociation;
import com.hashicorp.cdktf.providers.aws.vpc.Vpc;
import com.hashicorp.cdktf.providers.aws.vpc_endpoint.VpcEndpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stacks.cluster.Cluster;
import stacks.cluster.Subnet;
import stacks.environment.Environment.Existing;
import stacks.platform.ResourceKind;

/**
 * Where the nodes live: a new VPC with a private subnet per zone, or one that is there already.
 *
 * <p>Nodes have no public address. In a new VPC they reach Debian's archive and Secrets Manager
 * through one NAT gateway; running nodes do without it, only a boot needs it.
 */
final class Network {
  private static final String SIDE = "(private|public)";
  private static final String SUBNET = "(public|private-[a-z]{2}(-[a-z]+){1,2}-\\d[a-z])";
  private static final String NODES_GO_TOO = "every node in it is made anew or cut off";

  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          ResourceKind.of("aws_vpc", "network", Map.of(), Set.of(), NODES_GO_TOO),
          ResourceKind.of(
              "aws_internet_gateway",
              "internet",
              Map.of(),
              Set.of(),
              ResourceKind.NODES_CANNOT_BOOT),
          ResourceKind.of(
              "aws_nat_gateway",
              "nat",
              Map.of(),
              Set.of(
                  "secondary_allocation_ids",
                  "secondary_private_ip_addresses",
                  "secondary_private_ip_address_count"),
              ResourceKind.NODES_CANNOT_BOOT),
          ResourceKind.of(
              "aws_eip",
              "nat-address",
              Map.of(),
              Set.of(
                  "association_id", "network_interface", "private_dns", "private_ip", "public_dns"),
              ResourceKind.NODES_CANNOT_BOOT),
          ResourceKind.of(
              "aws_route",
              SIDE + "-to-internet",
              Map.of(),
              Set.of(),
              ResourceKind.NODES_CANNOT_BOOT),
          ResourceKind.of(
              "aws_route_table",
              SIDE + "-routes",
              Map.of(),
              Set.of("route"),
              ResourceKind.NODES_CANNOT_BOOT),
          ResourceKind.of(
              "aws_route_table_association",
              SUBNET + "-routes-association",
              Map.of(),
              Set.of(),
              ResourceKind.NODES_CANNOT_BOOT),
          ResourceKind.of(
              "aws_vpc_endpoint",
              "s3",
              Map.of("policy", ACCESS_WIDENED, "route_table_ids", NOT_UNDERSTOOD),
              // The block of S3 changes as Amazon grows.
              Set.of("cidr_blocks", "dns_options", "policy"),
              "nodes fetch their documents through the NAT gateway"),
          ResourceKind.of(
              "aws_subnet",
              SUBNET + "-subnet",
              Map.of("map_public_ip_on_launch", ACCESS_WIDENED),
              Set.of(),
              NODES_GO_TOO));

  private static final String ANYWHERE = "0.0.0.0/0";

  private final String vpcId;
  private final Map<Subnet, String> subnetIds = new HashMap<>();
  private final List<TerraformResource> ready = new ArrayList<>();

  Network(TerraformStack stack, Cluster cluster) {
    vpcId =
        cluster
            .environment()
            .network()
            .existing()
            .map(existing -> useExisting(existing, cluster))
            .orElseGet(() -> create(stack, cluster));
  }

  String vpcId() {
    return vpcId;
  }

  String subnetId(Subnet subnet) {
    return subnetIds.get(subnet);
  }

  /** What must be there before a node boots, so that it can install packages. */
  List<TerraformResource> ready() {
    return ready;
  }

  private String useExisting(Existing existing, Cluster cluster) {
    for (Subnet subnet : cluster.subnets()) {
      subnetIds.put(subnet, subnet.existingId().orElseThrow());
    }
    return existing.vpc();
  }

  private String create(TerraformStack stack, Cluster cluster) {
    String cidr = cluster.environment().network().cidr().toString();
    Vpc vpc =
        Vpc.Builder.create(stack, "network")
            .cidrBlock(cidr)
            .enableDnsHostnames(true)
            .tags(Tags.name(cluster, "network"))
            .build();
    AccountGuard.before(vpc);
    String id = vpc.getId();
    NatGateway nat = publicSide(stack, cluster, id);
    RouteTable routes = routeTable(stack, cluster, "private", id);
    ready.add(
        Route.Builder.create(stack, "private-to-internet")
            .routeTableId(routes.getId())
            .destinationCidrBlock(ANYWHERE)
            .natGatewayId(nat.getId())
            .build());
    // Costs nothing, and a node finds its document also when the NAT gateway is gone.
    ready.add(
        VpcEndpoint.Builder.create(stack, "s3")
            .vpcId(id)
            .serviceName(
                "com.amazonaws." + cluster.environment().aws().region().orElseThrow() + ".s3")
            .vpcEndpointType("Gateway")
            .routeTableIds(List.of(routes.getId()))
            .tags(Tags.name(cluster, "s3"))
            .build());
    for (Subnet subnet : cluster.subnets()) {
      String name = "private-" + subnet.zone();
      String subnetId = subnet(stack, cluster, name, id, subnet.zone(), subnet.cidr().toString());
      subnetIds.put(subnet, subnetId);
      ready.add(associate(stack, name, subnetId, routes));
    }
    return id;
  }

  /** The part with a way to the internet: a gateway, and address translation for the nodes. */
  private static NatGateway publicSide(TerraformStack stack, Cluster cluster, String vpc) {
    InternetGateway internet =
        InternetGateway.Builder.create(stack, "internet")
            .vpcId(vpc)
            .tags(Tags.name(cluster, "internet"))
            .build();
    RouteTable routes = routeTable(stack, cluster, "public", vpc);
    Route toInternet =
        Route.Builder.create(stack, "public-to-internet")
            .routeTableId(routes.getId())
            .destinationCidrBlock(ANYWHERE)
            .gatewayId(internet.getId())
            .build();
    String subnet =
        subnet(
            stack,
            cluster,
            "public",
            vpc,
            cluster.subnets().get(0).zone(),
            AwsAddresses.gatewayBlock(cluster.environment().network().cidr()).toString());
    RouteTableAssociation association = associate(stack, "public", subnet, routes);
    Eip address =
        Eip.Builder.create(stack, "nat-address")
            .domain("vpc")
            .tags(Tags.name(cluster, "nat"))
            .dependsOn(List.of(internet))
            .build();
    return NatGateway.Builder.create(stack, "nat")
        .allocationId(address.getId())
        .subnetId(subnet)
        .tags(Tags.name(cluster, "nat"))
        .dependsOn(List.of(toInternet, association))
        .build();
  }

  private static String subnet(
      TerraformStack stack, Cluster cluster, String name, String vpc, String zone, String cidr) {
    return com.hashicorp.cdktf.providers.aws.subnet.Subnet.Builder.create(stack, name + "-subnet")
        .vpcId(vpc)
        .availabilityZone(zone)
        .cidrBlock(cidr)
        .tags(Tags.name(cluster, name))
        .build()
        .getId();
  }

  private static RouteTable routeTable(
      TerraformStack stack, Cluster cluster, String name, String vpc) {
    return RouteTable.Builder.create(stack, name + "-routes")
        .vpcId(vpc)
        .tags(Tags.name(cluster, name))
        .build();
  }

  private static RouteTableAssociation associate(
      TerraformStack stack, String name, String subnet, RouteTable routes) {
    return RouteTableAssociation.Builder.create(stack, name + "-routes-association")
        .subnetId(subnet)
        .routeTableId(routes.getId())
        .build();
  }
}
