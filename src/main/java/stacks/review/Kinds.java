package stacks.review;

import static java.util.stream.Collectors.groupingBy;
import static stacks.platform.Effect.ACCESS_NARROWED;
import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.COSMETIC;
import static stacks.platform.Effect.LIVE_SETTING;
import static stacks.platform.Effect.NOT_UNDERSTOOD;
import static stacks.platform.Effect.ROLLING_RESTART;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import stacks.platform.Effect;

/**
 * The kinds of resources that an environment is made of, and what is known of their attributes. It
 * is a list of what is harmless: whatever does not stand here is not understood, and blocks.
 */
final class Kinds {
  /** A node's name at the beginning of a resource's. */
  static final String NODE = "(?:redis|sentinel)-\\d+";

  private static final String SIDE = "(private|public)";
  private static final String SUBNET = "(public|private-[a-z]{2}(-[a-z]+){1,2}-\\d[a-z])";
  private static final String NODES_CANNOT_BOOT =
      "a node that boots reaches neither Debian's archive nor its passwords";
  private static final String PROGRAM_VERSION = "secret_string_wo_version";
  private static final String NO_PROGRAM =
      "a new machine finds no program, and does not start its server";
  private static final String NODES_GO_TOO = "every node in it is made anew or cut off";

  /**
   * One kind.
   *
   * @param type Terraform's
   * @param names what resources of this kind are called here
   * @param attributes what a change of each attribute means
   * @param mirrors attributes that other resources, or AWS, write: no drift
   * @param loss what it means when one is destroyed or made anew
   */
  record Kind(
      String type,
      Pattern names,
      Map<String, Effect> attributes,
      Set<String> mirrors,
      String loss) {
    /** Whether an attribute, or the block that it stands in, is one that others write. */
    boolean isMirror(String attribute) {
      return mirrors.contains(attribute.replaceFirst("\\..*", ""));
    }

    Effect effectOf(String attribute) {
      return switch (attribute) {
        case "tags", "tags_all", "timeouts" -> COSMETIC;
        default -> attributes.getOrDefault(attribute, NOT_UNDERSTOOD);
      };
    }
  }

  private static final Map<String, List<Kind>> ALL =
      Stream.of(
              kind(
                  "aws_instance",
                  NODE,
                  Map.of(
                      "instance_type", ROLLING_RESTART,
                      "user_data", ROLLING_RESTART,
                      "user_data_base64", ROLLING_RESTART,
                      "metadata_options.http_tokens", LIVE_SETTING,
                      "metadata_options.http_put_response_hop_limit", LIVE_SETTING,
                      "metadata_options.instance_metadata_tags", LIVE_SETTING,
                      "disable_api_termination", LIVE_SETTING,
                      "root_block_device.volume_size", LIVE_SETTING,
                      "root_block_device.tags", COSMETIC,
                      "root_block_device.tags_all", COSMETIC),
                  Set.of("ebs_block_device", "root_block_device", "public_dns", "public_ip"),
                  "the machine of a node goes"),
              kind(
                  "aws_ec2_instance_state",
                  NODE + "-running",
                  Map.of("state", LIVE_SETTING),
                  Set.of(),
                  "nothing starts a machine that was left stopped"),
              kind(
                  "aws_network_interface",
                  NODE + "-address",
                  Map.of(),
                  Set.of("attachment"),
                  "the others no longer find the node"),
              kind(
                  "aws_ebs_volume",
                  NODE + "-data",
                  Map.of("size", LIVE_SETTING),
                  Set.of("iops", "throughput"),
                  "the node's data goes with it"),
              kind(
                  "aws_volume_attachment",
                  NODE + "-data-attachment",
                  Map.of(),
                  Set.of(),
                  "the node loses its data volume, and does not start without it"),
              kind("aws_vpc", "network", Map.of(), Set.of(), NODES_GO_TOO),
              kind("aws_internet_gateway", "internet", Map.of(), Set.of(), NODES_CANNOT_BOOT),
              kind(
                  "aws_nat_gateway",
                  "nat",
                  Map.of(),
                  Set.of(
                      "secondary_allocation_ids",
                      "secondary_private_ip_addresses",
                      "secondary_private_ip_address_count"),
                  NODES_CANNOT_BOOT),
              kind(
                  "aws_eip",
                  "nat-address",
                  Map.of(),
                  Set.of(
                      "association_id",
                      "network_interface",
                      "private_dns",
                      "private_ip",
                      "public_dns"),
                  NODES_CANNOT_BOOT),
              kind("aws_route", SIDE + "-to-internet", Map.of(), Set.of(), NODES_CANNOT_BOOT),
              kind(
                  "aws_route_table",
                  SIDE + "-routes",
                  Map.of(),
                  Set.of("route"),
                  NODES_CANNOT_BOOT),
              kind(
                  "aws_route_table_association",
                  SUBNET + "-routes-association",
                  Map.of(),
                  Set.of(),
                  NODES_CANNOT_BOOT),
              kind(
                  "aws_subnet",
                  SUBNET + "-subnet",
                  Map.of("map_public_ip_on_launch", ACCESS_WIDENED),
                  Set.of(),
                  NODES_GO_TOO),
              kind(
                  "aws_security_group",
                  "redis|sentinel",
                  Map.of(),
                  Set.of("ingress", "egress"),
                  "nobody reaches the nodes, and the nodes reach nobody"),
              kind(
                  "aws_vpc_security_group_ingress_rule",
                  "(redis|sentinel)(-ssh)?-from-[a-z0-9-]+",
                  Map.of(
                      "description", COSMETIC,
                      "cidr_ipv4", ACCESS_WIDENED,
                      "cidr_ipv6", ACCESS_WIDENED,
                      "from_port", ACCESS_WIDENED,
                      "to_port", ACCESS_WIDENED,
                      "ip_protocol", ACCESS_WIDENED,
                      "prefix_list_id", ACCESS_WIDENED,
                      "referenced_security_group_id", ACCESS_WIDENED),
                  Set.of(),
                  "whoever came in by it no longer does"),
              kind(
                  "aws_vpc_security_group_egress_rule",
                  "(redis|sentinel)-to-anywhere",
                  Map.of("description", COSMETIC, "cidr_ipv4", ACCESS_NARROWED),
                  Set.of(),
                  NODES_CANNOT_BOOT),
              kind(
                  "aws_placement_group",
                  "(redis|sentinel)-spread-\\d+",
                  Map.of(),
                  Set.of(),
                  "nodes may share a rack, and are lost together"),
              kind(
                  "aws_iam_role",
                  "node-role",
                  Map.of(
                      "description", COSMETIC,
                      "assume_role_policy", ACCESS_WIDENED,
                      "managed_policy_arns", ACCESS_WIDENED,
                      "inline_policy", ACCESS_WIDENED),
                  Set.of("inline_policy"),
                  "no node may read its passwords"),
              kind(
                  "aws_iam_role_policy",
                  "node-reads-passwords",
                  Map.of("policy", ACCESS_WIDENED),
                  Set.of(),
                  "no node may read its passwords"),
              kind(
                  "aws_iam_instance_profile",
                  "node-profile",
                  Map.of(),
                  Set.of(),
                  "no node may read its passwords"),
              kind(
                  "aws_secretsmanager_secret",
                  "passwords",
                  Map.of(
                      "description", COSMETIC,
                      "recovery_window_in_days", LIVE_SETTING,
                      "policy", ACCESS_WIDENED),
                  Set.of(),
                  "the passwords go with it"),
              kind(
                  "aws_secretsmanager_secret_version",
                  "passwords-value",
                  Map.of(),
                  Set.of(),
                  "every password is made anew"),
              kind(
                  "aws_secretsmanager_secret",
                  "program",
                  Map.of(
                      "description", COSMETIC,
                      "recovery_window_in_days", LIVE_SETTING,
                      "policy", ACCESS_WIDENED),
                  Set.of(),
                  NO_PROGRAM),
              kind(
                  "aws_secretsmanager_secret_version",
                  "program-value",
                  // A new release of the agent. Which nodes restart for it their user-data says.
                  Map.of(PROGRAM_VERSION, LIVE_SETTING),
                  Set.of(),
                  NO_PROGRAM),
              kind(
                  "terraform_data",
                  NODE + "(-gate|-settings)?|folder|programs|whole|identity|formed",
                  Map.of(),
                  Set.of(),
                  "what it does at a deploy is done no more"))
          .collect(groupingBy(Kind::type));

  private Kinds() {}

  /** Whether a secret, or its value, carries the nodes' program and nothing that must be hidden. */
  static boolean isProgram(ResourceChange resource) {
    return resource.isPlain() && resource.name().matches("program(-value)?");
  }

  /**
   * Whether the program's value is made anew only because there is another program. The provider
   * does not change a value in place; what it deletes stays readable until the new one is there.
   */
  static boolean isNewProgram(ResourceChange resource) {
    return resource.type().equals("aws_secretsmanager_secret_version")
        && isProgram(resource)
        && resource.action() == Action.REPLACE
        && resource.replacing().equals(Set.of(PROGRAM_VERSION))
        && resource.changed().stream()
            .allMatch(name -> name.equals(PROGRAM_VERSION) || resource.isUnknown("/" + name));
  }

  /** The kind of a resource that is one of ours by its type and name. */
  static Optional<Kind> of(ResourceChange resource) {
    return ALL.getOrDefault(resource.type(), List.of()).stream()
        .filter(kind -> resource.isPlain())
        .filter(kind -> kind.names().matcher(resource.name()).matches())
        .findFirst();
  }

  private static Kind kind(
      String type, String names, Map<String, Effect> attributes, Set<String> mirrors, String loss) {
    return new Kind(type, Pattern.compile(names), attributes, mirrors, loss);
  }
}
