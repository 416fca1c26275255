package stacks.platform.local;

import com.hashicorp.cdktf.ITerraformDependable;
import com.hashicorp.cdktf.LocalBackend;
import com.hashicorp.cdktf.LocalExecProvisioner;
import com.hashicorp.cdktf.TerraformResource;
import com.hashicorp.cdktf.TerraformStack;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import stacks.cluster.Addresses;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.environment.Environment;
import stacks.node.AgentBundle;
import stacks.node.Checksum;
import stacks.node.Documents;
import stacks.node.Layout;
import stacks.node.NodeDocument;
import stacks.node.Programs;
import stacks.platform.ClusterPlatform;
import stacks.platform.Gates;
import stacks.platform.Identity;
import stacks.platform.Literal;
import stacks.platform.ResourceKind;
import stacks.rules.Rule;

/**
 * The cluster as processes on this machine, with nothing but Terraform's built-in {@code
 * terraform_data}: no account, no provider to download.
 *
 * <p>Each node is two resources. {@code redis-1} is the node: destroying it stops it and removes
 * its folder. {@code redis-1-settings} is what it runs with: Terraform replaces it when the files
 * change, and since destroying settings does nothing, that rolls node by node along the chain.
 */
public final class LocalPlatform implements ClusterPlatform {
  private static final String SUPERVISOR = "rediform-local";
  private static final String NODES = "nodes";

  @Override
  public List<Rule> rules() {
    return List.of();
  }

  @Override
  public List<ResourceKind> kinds() {
    return List.of(
        ResourceKind.step(ResourceKind.NODE + "(-settings)?|folder|programs|whole"), Identity.KIND);
  }

  @Override
  public Addresses addresses(Environment environment) {
    return new LocalAddresses(environment);
  }

  @Override
  public List<String> explain(Cluster cluster) {
    return List.of();
  }

  /** The command, for the folder of the stack, that refuses when another program has our ports. */
  public static List<String> checkPorts(Cluster cluster) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "python3", NODES + "/" + SUPERVISOR, "check", "../../../" + home(cluster.name())));
    cluster.nodes().forEach(node -> command.add(String.valueOf(node.port())));
    return command;
  }

  @Override
  public List<String> strike(Cluster cluster, Node node, boolean kill) {
    String home = home(cluster.name());
    return List.of(
        "python3",
        home + "/bin/" + SUPERVISOR,
        kill ? "kill" : "restart",
        home + "/" + node.name());
  }

  @Override
  public List<String> agent(Cluster cluster, Node node, List<String> words) {
    String home = home(cluster.name());
    List<String> command =
        new ArrayList<>(
            List.of("python3", home + "/bin/" + SUPERVISOR, "agent", home + "/" + node.name()));
    command.addAll(words);
    return command;
  }

  @Override
  public List<String> replaced(Node node) {
    String address = "terraform_data." + node.name();
    return List.of(address, address + "-settings");
  }

  /** Folder of an environment's processes, relative to the project. */
  public static String home(String environment) {
    return ".rediform/" + environment;
  }

  @Override
  public Map<String, String> files(Cluster cluster) {
    Map<String, String> files = new TreeMap<>();
    files.put(NODES + "/" + SUPERVISOR, Programs.localSupervisor());
    files.put(NODES + "/rediform-bootstrap", Programs.bootstrap());
    files.put(NODES + "/program.pyz.b64", AgentBundle.base64());
    documents(cluster).forEach((node, document) -> files.put(file(node), document.text()));
    return files;
  }

  /** Path of a node's document, relative to the stack's {@code cdk.tf.json}. */
  private static String file(String node) {
    return NODES + "/" + node + ".json";
  }

  @Override
  public SortedMap<String, NodeDocument> documents(Cluster cluster) {
    return Documents.of(cluster, Layout.PROCESS);
  }

  @Override
  public Map<String, String> render(Cluster cluster, Node node) {
    NodeDocument document = documents(cluster).get(node.name());
    return new TreeMap<>(Map.of("document", document.text(), "settings", document.settings()));
  }

  @Override
  public void build(TerraformStack stack, Cluster cluster, boolean first) {
    // Terraform runs in cdktf.out/stacks/ENV; relative, so that the output names no machine's
    // paths.
    String home = "../../../" + home(cluster.name());
    LocalBackend.Builder.create(stack).path(home + "/terraform.tfstate").build();
    stack.addOverride("resource." + Identity.ADDRESS, identity(cluster).arguments());
    TerraformResource previous = programs(stack, cluster, home, folder(stack, home));
    Map<String, NodeDocument> documents = documents(cluster);
    for (Node node : cluster.rollingOrder()) {
      previous = node(stack, cluster, home, node, documents.get(node.name()), previous);
    }
    List<String> names = cluster.nodes().stream().map(Node::name).toList();
    TerraformResource whole =
        data(
            stack,
            "whole",
            previous,
            run(NODES + "/" + SUPERVISOR + " stop-others " + home + " " + String.join(" ", names)),
            Gates.whole(cluster, "--timeout 2m"));
    List<Object> triggers = new ArrayList<>();
    names.forEach(name -> triggers.add("${terraform_data." + name + "-settings.id}"));
    whole.addOverride("triggers_replace", triggers);
  }

  private static Identity identity(Cluster cluster) {
    Environment environment = cluster.environment();
    return new Identity(cluster.name())
        .keep("redis.port", String.valueOf(environment.redis().port()), Identity.PORT)
        .keep("sentinels.port", String.valueOf(environment.sentinels().port()), Identity.PORT)
        .keep("sentinels.masterName", environment.sentinels().masterName(), Identity.MASTER_NAME);
  }

  /** The folder that the nodes share; destroying it, after the last node, removes the passwords. */
  private static TerraformResource folder(TerraformStack stack, String home) {
    TerraformResource folder =
        data(
            stack, "folder", null, atDestroy(home + "/bin/" + SUPERVISOR + " clean ${self.input}"));
    folder.addOverride("input", home);
    return folder;
  }

  /** The programs that the nodes share, and a look at their ports before anything starts. */
  private static TerraformResource programs(
      TerraformStack stack, Cluster cluster, String home, TerraformResource folder) {
    String ports =
        cluster.nodes().stream()
            .map(node -> String.valueOf(node.port()))
            .collect(Collectors.joining(" "));
    TerraformResource programs =
        data(
            stack,
            "programs",
            folder,
            run(NODES + "/" + SUPERVISOR + " prepare " + home + " " + ports));
    programs.addOverride(
        "triggers_replace",
        List.of(
            ports,
            Checksum.of(AgentBundle.sha256() + Programs.bootstrap() + Programs.localSupervisor())));
    return programs;
  }

  private static TerraformResource node(
      TerraformStack stack,
      Cluster cluster,
      String home,
      Node node,
      NodeDocument document,
      TerraformResource previous) {
    String nodeHome = home + "/" + node.name();
    TerraformResource resource =
        data(
            stack,
            node.name(),
            previous,
            atDestroy(home + "/bin/" + SUPERVISOR + " stop ${self.input}"));
    resource.addOverride("input", nodeHome);
    TerraformResource settings =
        data(
            stack,
            node.name() + "-settings",
            resource,
            Gates.before(cluster, node, ""),
            run(NODES + "/" + SUPERVISOR + " apply " + nodeHome + " " + file(node.name())));
    // What needs no restart stands for itself: a plan shows what changes.
    String live =
        document.live().entrySet().stream()
            .map(setting -> setting.getKey() + " " + setting.getValue() + "\n")
            .collect(Collectors.joining());
    settings.addOverride(
        "triggers_replace",
        List.of(
            document.startupSha256(),
            generation(home, node.name()),
            Literal.of(live),
            document.sha256()));
    return settings;
  }

  /**
   * A number that stays the same while the node's supervisor runs, and is the next one when it does
   * not (after a reboot, say): then Terraform sees a change and starts the node again.
   */
  private static String generation(String home, String node) {
    String nodeHome = home + "/" + node;
    String number = "try(tonumber(trimspace(file(\"" + home + "/generations/" + node + "\"))), 0)";
    String command = "file(\"/proc/${trimspace(file(\"" + nodeHome + "/run/pid\"))}/cmdline\")";
    // The arguments of a process, each with a zero byte behind it, as rediform-local starts it.
    String arguments =
        "\"/" + SUPERVISOR + "\\u0000supervise\\u0000${abspath(\"" + nodeHome + "\")}\\u0000\"";
    return "${try(endswith("
        + command
        + ", "
        + arguments
        + "), false) ? "
        + number
        + " : "
        + number
        + " + 1}";
  }

  private static TerraformResource data(
      TerraformStack stack,
      String id,
      ITerraformDependable after,
      LocalExecProvisioner... provisioners) {
    TerraformResource resource =
        TerraformResource.Builder.create(stack, id)
            .terraformResourceType("terraform_data")
            .dependsOn(after == null ? List.of() : List.of(after))
            .provisioners(List.of(provisioners))
            .build();
    for (int i = 0; i < provisioners.length; i++) {
      // CDKTF 0.19 does not know this argument: what is run is no news, what it says is.
      resource.addOverride("provisioner." + i + ".local-exec.quiet", true);
    }
    return resource;
  }

  private static LocalExecProvisioner run(String command) {
    return LocalExecProvisioner.builder().type("local-exec").command("python3 " + command).build();
  }

  private static LocalExecProvisioner atDestroy(String command) {
    return LocalExecProvisioner.builder()
        .type("local-exec")
        .when("destroy")
        .command("python3 " + command)
        .build();
  }
}
