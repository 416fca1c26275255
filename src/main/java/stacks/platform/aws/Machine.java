package stacks.platform.aws;

import static stacks.platform.Effect.COSMETIC;
import static stacks.platform.Effect.LIVE_SETTING;
import static stacks.platform.Effect.ROLLING_RESTART;

import com.hashicorp.cdktf.TerraformResourceLifecycle;
import com.hashicorp.cdktf.providers.aws.ebs_volume.EbsVolumeConfig;
import com.hashicorp.cdktf.providers.aws.ec2_instance_state.Ec2InstanceStateConfig;
import com.hashicorp.cdktf.providers.aws.instance.InstanceConfig;
import com.hashicorp.cdktf.providers.aws.instance.InstanceMetadataOptions;
import com.hashicorp.cdktf.providers.aws.instance.InstanceNetworkInterface;
import com.hashicorp.cdktf.providers.aws.instance.InstanceRootBlockDevice;
import com.hashicorp.cdktf.providers.aws.network_interface.NetworkInterfaceConfig;
import com.hashicorp.cdktf.providers.aws.volume_attachment.VolumeAttachmentConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.node.NodeDocument;
import stacks.platform.Identity;
import stacks.platform.ResourceKind;
import stacks.values.Memory;

/**
 * One node: its address, its machine, and for a data node its volume.
 *
 * <p>Address and volume are resources of their own and outlive the machine. A change of size or
 * user data changes the machine in place: stop, modify, start.
 */
final class Machine {
  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          ResourceKind.of(
              "aws_instance",
              ResourceKind.NODE,
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
          ResourceKind.of(
              "aws_ec2_instance_state",
              ResourceKind.NODE + "-running",
              Map.of("state", LIVE_SETTING),
              Set.of(),
              "nothing starts a machine that was left stopped"),
          ResourceKind.of(
              "aws_network_interface",
              ResourceKind.NODE + "-address",
              Map.of(),
              Set.of("attachment"),
              "the others no longer find the node"),
          ResourceKind.of(
              "aws_ebs_volume",
              ResourceKind.NODE + "-data",
              Map.of("size", LIVE_SETTING),
              Set.of("iops", "throughput"),
              "the node's data goes with it"),
          ResourceKind.of(
              "aws_volume_attachment",
              ResourceKind.NODE + "-data-attachment",
              Map.of(),
              Set.of(),
              "the node loses its data volume, and does not start without it"));

  /** gp3 is SSD, and cheaper than gp2 at every size. */
  private static final String SSD = "gp3";

  /**
   * Root disk of a data node in GiB; its data is elsewhere. Debian's image needs 8; the rest is for
   * packages, logs and a build of Redis, as much as the specification gives a Sentinel.
   */
  private static final int DATA_NODE_ROOT_GIB = 20;

  /** First of the names that AWS recommends for data volumes, {@code /dev/sd[f-p]}. */
  private static final String DATA_DEVICE = "/dev/sdf";

  private Machine() {}

  /**
   * What all machines of a cluster share.
   *
   * @param image id of the image
   * @param ready addresses of what must be there before a machine boots
   * @param documents what each machine is told, by its node's name
   */
  record Surroundings(
      Cluster cluster,
      Network network,
      Firewall firewall,
      Placement placement,
      Passwords passwords,
      String image,
      List<String> ready,
      Map<String, NodeDocument> documents) {}

  /**
   * Adds a node's resources.
   *
   * @param gate address of what must be there before this machine is made or changed
   */
  static void add(Resources resources, Node node, Surroundings around, String gate) {
    boolean protect = around.cluster().environment().aws().protect();
    String address =
        resources.add(
            "aws_network_interface",
            node.name() + "-address",
            NetworkInterfaceConfig.builder()
                .subnetId(around.network().subnetId(node.subnet()))
                .privateIps(List.of(node.address()))
                .securityGroups(List.of(around.firewall().groupId(node)))
                .tags(Tags.name(around.cluster(), node.name()))
                .build(),
            List.of());
    List<String> before = new ArrayList<>(around.ready());
    before.add(gate);
    before.add(Delivery.document(node));
    Optional<String> volume = Optional.empty();
    if (node instanceof RedisNode) {
      volume = Optional.of(volume(resources, node, around.cluster()));
      // A volume grows in use; its file system does with the node's next document.
      before.add("aws_ebs_volume." + node.name() + "-data");
    }
    String instance =
        resources.add(
            "aws_instance",
            node.name(),
            InstanceConfig.builder()
                .ami(around.image())
                .instanceType(InstanceTypes.of(node))
                .networkInterface(
                    List.of(
                        InstanceNetworkInterface.builder()
                            .deviceIndex(0)
                            .networkInterfaceId(address)
                            .build()))
                .placementGroup(around.placement().groupName(node))
                .iamInstanceProfile(around.passwords().profileName())
                .metadataOptions(
                    // Version 2 only, and no further than the machine itself: a request that an
                    // attacker makes the node forward reaches no credentials.
                    InstanceMetadataOptions.builder()
                        .httpEndpoint("enabled")
                        .httpTokens("required")
                        .httpPutResponseHopLimit(1)
                        .instanceMetadataTags("enabled")
                        .build())
                .rootBlockDevice(
                    InstanceRootBlockDevice.builder()
                        .volumeType(SSD)
                        .volumeSize(rootGib(node))
                        .encrypted(true)
                        // With the provider's default tags alone a root disk loses them when these
                        // change (terraform-provider-aws#38301).
                        .tags(Tags.ofRoot(around.cluster(), node))
                        .build())
                .userDataBase64("${file(\"${path.module}/" + userDataFile(node) + "\")}")
                .userDataReplaceOnChange(false)
                .disableApiTermination(protect)
                .tags(Tags.ofMachine(around.cluster(), node, around.documents().get(node.name())))
                .lifecycle(
                    // A new image would replace every machine in one go.
                    TerraformResourceLifecycle.builder().ignoreChanges(List.of("ami")).build())
                .build(),
            before);
    // A deploy that was killed may leave a machine stopped; so does a person.
    resources.add(
        "aws_ec2_instance_state",
        node.name() + "-running",
        Ec2InstanceStateConfig.builder().instanceId(instance).state("running").build(),
        List.of());
    volume.ifPresent(id -> attach(resources, node, instance, id));
  }

  /** Path of a node's packed user data, relative to the stack's {@code cdk.tf.json}. */
  static String userDataFile(Node node) {
    return "nodes/" + node.name() + ".user-data.gz.b64";
  }

  private static String volume(Resources resources, Node node, Cluster cluster) {
    boolean protect = cluster.environment().aws().protect();
    return resources.add(
        "aws_ebs_volume",
        node.name() + "-data",
        EbsVolumeConfig.builder()
            .availabilityZone(node.subnet().zone())
            .type(SSD)
            .size(gib(node.size().disk()))
            .encrypted(true)
            .tags(Tags.name(cluster, node.name() + "-data"))
            .lifecycle(TerraformResourceLifecycle.builder().preventDestroy(protect).build())
            .build(),
        List.of(Identity.ADDRESS));
  }

  private static void attach(Resources resources, Node node, String instance, String volume) {
    resources.add(
        "aws_volume_attachment",
        node.name() + "-data-attachment",
        VolumeAttachmentConfig.builder()
            .instanceId(instance)
            .volumeId(volume)
            .deviceName(DATA_DEVICE)
            .stopInstanceBeforeDetaching(true)
            .build(),
        List.of());
  }

  private static int rootGib(Node node) {
    return node instanceof RedisNode ? DATA_NODE_ROOT_GIB : gib(node.size().disk());
  }

  private static int gib(Memory disk) {
    return disk.toGibRoundedUp();
  }
}
