package stacks.platform.aws;

import com.hashicorp.cdktf.TerraformResource;
import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.TerraformVariable;
import com.hashicorp.cdktf.providers.aws.data_aws_instances.DataAwsInstances;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Subnet;
import stacks.environment.Environment;
import stacks.environment.Environment.Existing;
import stacks.platform.Identity;

/**
 * What runs in the account under the environment's name, and what may never change of it.
 *
 * <p>Everything else is made after the identity: a state that does not know the machines which are
 * there makes none beside them.
 */
final class AccountGuard {
  private static final String MOVES =
      "%s. Put it back. To move, make a second environment there and let the applications change over"
          + " (docs/scaling.md, Moving)";

  private AccountGuard() {}

  static void addTo(TerraformStack stack, Resources resources, Cluster cluster) {
    // Read when the deploy is planned: what was there before it.
    lookUp(stack, cluster, "existing", List.of("pending", "running", "stopping", "stopped"));
    lookUp(stack, cluster, "running", List.of("pending", "running"));
    stack.addOverride("data.aws_caller_identity.account", Map.of());
    TerraformVariable.Builder.create(stack, Identity.ADOPT)
        .type("bool")
        .defaultValue(false)
        .description(
            "true when this state has machines and no terraform_data.identity, which is so before"
                + " the first deploy by this release")
        .build();
    Map<String, Object> arguments = new HashMap<>(identity(cluster).arguments());
    arguments.put("provisioner", List.of(Map.of("local-exec", refusesStrangers(cluster))));
    resources.add("terraform_data", Identity.NAME, arguments);
  }

  /** Lets a resource that waits for no other wait for the identity. */
  static void before(TerraformResource resource) {
    resource.addOverride("depends_on", List.of(Identity.ADDRESS));
  }

  private static void lookUp(
      TerraformStack stack, Cluster cluster, String id, List<String> states) {
    DataAwsInstances.Builder.create(stack, id)
        .instanceTags(Map.of("rediform", cluster.name()))
        .instanceStateNames(states)
        .build();
  }

  private static Identity identity(Cluster cluster) {
    Environment environment = cluster.environment();
    Environment.Network network = environment.network();
    String region = environment.aws().region().orElseThrow();
    Identity identity =
        new Identity(cluster.name())
            .keep(
                "aws.account",
                "${data.aws_caller_identity.account.account_id}",
                "a second cluster would be built, and this one forgotten. Take the credentials of"
                    + " the account that it runs in")
            .keep(
                "aws.region",
                region,
                MOVES.formatted("a second cluster would be built there, and this one forgotten"));
    if (network.existing().isPresent()) {
      identity.keep("network.existing", words(network.existing().get()), addresses());
    } else {
      identity
          .keep("network.cidr", network.cidr().toString(), addresses())
          // Without the region, whose change says the same.
          .keep("network.zones", zones(cluster, region), addresses());
    }
    return identity
        .keep("network.firstHost", String.valueOf(network.firstHost()), addresses())
        .keep("redis.port", String.valueOf(environment.redis().port()), Identity.PORT)
        .keep("sentinels.port", String.valueOf(environment.sentinels().port()), Identity.PORT)
        .keep("sentinels.masterName", environment.sentinels().masterName(), Identity.MASTER_NAME);
  }

  private static String addresses() {
    return MOVES.formatted("nodes would get other addresses, and all be made anew at once");
  }

  private static String zones(Cluster cluster, String region) {
    return cluster.subnets().stream()
        .map(Subnet::zone)
        .map(zone -> zone.startsWith(region) ? zone.substring(region.length()) : zone)
        .collect(Collectors.joining(" "));
  }

  private static String words(Existing existing) {
    return existing.subnets().stream()
        .map(subnet -> "%s in %s %s".formatted(subnet.id(), subnet.zone(), subnet.cidr()))
        .collect(Collectors.joining(", ", existing.vpc() + ": ", ""));
  }

  /**
   * Runs when the identity is made, so with the first deploy of a state; fails it before all else.
   */
  private static Map<String, Object> refusesStrangers(Cluster cluster) {
    String refusal =
        "${length(data.aws_instances.existing.ids)} machines of "
            + cluster.name()
            + " run in this account, and this state knows none of them: it is new, or lost. Nothing"
            + " was made. Go on with the state that knows them (docs/runbook.md, The state is gone)";
    return Map.of(
        "command",
        "${var."
            + Identity.ADOPT
            + " || length(data.aws_instances.existing.ids) == 0 ? \"true\" : \"echo '"
            + refusal
            + "' >&2; exit 1\"}",
        "quiet",
        true);
  }
}
