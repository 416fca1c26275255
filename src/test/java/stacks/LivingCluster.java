package stacks;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import stacks.testing.Account.Call;
import stacks.testing.Account.Instance;
import stacks.testing.DeployLab;
import stacks.testing.Fork;
import stacks.testing.Run;

/**
 * A living cluster in the emulated account, made once for all tests of deploys; each works on a
 * copy.
 *
 * <p>They run side by side, since a deploy mostly waits, and beside no other class, since some of
 * those count milliseconds.
 */
final class LivingCluster {
  static final String FILE =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB}
      replicas: {count: 2}
      sentinels: {disk: 10GB, masterName: cache}
      network:
        cidr: 10.60.0.0/16
        clients: [10.60.0.0/16]
        shell: SHELL
        firstHost: 10
      redis: {port: 6379}
      aws:
        region: eu-central-1
        protect: true
        tags: {Team: a}
      """;

  /** Calls that take a server away, or bring it back. */
  static final List<String> TOUCHING =
      List.of("StopInstances", "StartInstances", "RunInstances", "TerminateInstances");

  /** Whether rows that differ from others in a number only are tried, too: ./verify --hosts. */
  static final boolean ALL = Boolean.getBoolean("deploy.all");

  static final Map<String, String> UNREACHABLE = Map.of("STAND_IN", "unreachable");

  private static DeployLab lab;

  private LivingCluster() {}

  /** What the copies are made of. It ends with the tests. */
  static synchronized DeployLab lab() throws Exception {
    assumeTrue(
        DeployLab.isPossible(), "Terraform, or python3 with moto, boto3 and flask is missing");
    if (lab == null) {
      lab = DeployLab.start(FILE);
      Runtime.getRuntime().addShutdownHook(new Thread(lab::close));
    }
    return lab;
  }

  static Run deploy(Fork fork) throws Exception {
    return fork.rediform("deploy", "exp", "--auto-approve");
  }

  /** Calls that change something, in their order. */
  static List<String> changes(Fork fork) throws Exception {
    return fork.calls().stream()
        .map(Call::action)
        .filter(action -> !action.matches("(Describe|Get|List|HEAD|GET|Assume).*"))
        .toList();
  }

  /** Who was touched, in its order: such as {@code StopInstances redis-3}. */
  static List<String> touched(Fork fork) throws Exception {
    Map<String, String> names =
        fork.instances().stream()
            .collect(Collectors.toMap(Instance::id, each -> each.name().replace("exp-", "")));
    List<String> touched = new ArrayList<>();
    for (Call call : fork.calls()) {
      if (TOUCHING.contains(call.action()) && call.status() == 200) {
        String id = call.about().getOrDefault("InstanceId.1", "");
        touched.add((call.action() + " " + names.getOrDefault(id, "")).strip());
      }
    }
    return touched;
  }

  /** The nodes that were told of another document, in order. */
  static List<String> told(Fork fork) throws Exception {
    Map<String, String> names =
        fork.instances().stream()
            .collect(Collectors.toMap(Instance::id, each -> each.name().replace("exp-", "")));
    return fork.calls().stream()
        .filter(call -> call.action().equals("CreateTags") && call.status() == 200)
        .filter(call -> call.about().containsValue("rediform.document"))
        .map(call -> names.get(call.about().get("ResourceId.1")))
        .filter(Objects::nonNull)
        .toList();
  }

  static void byHand(Fork fork, String name, String what) throws Exception {
    fork.inside(
        """
        for each in ec2().all_instances():
            if {tag["key"]: tag["value"] for tag in each.get_tags()}.get("Name") == "exp-%s":
                %s
        """
            .formatted(name, what));
  }
}
