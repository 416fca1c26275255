package stacks.platform.aws;

import com.hashicorp.cdktf.TerraformResource;
import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.provider.AwsProvider;
import com.hashicorp.cdktf.providers.aws.provider.AwsProviderDefaultTags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Addresses;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.environment.Environment;
import stacks.node.Documents;
import stacks.node.Layout;
import stacks.node.NodeDocument;
import stacks.node.Programs;
import stacks.node.UserData;
import stacks.platform.ClusterPlatform;
import stacks.platform.Identity;
import stacks.platform.ResourceKind;
import stacks.rules.Rule;

/** The cluster as virtual machines in Amazon EC2. */
public final class AwsPlatform implements ClusterPlatform {
  /**
   * From 5.88 on secrets have write-only values (terraform-provider-aws#41371). Nothing that is
   * written here is known to one of the lines 5 and 6 only: docs/decisions/0025. The CDKTF CLI
   * leaves the lock file alone as long as that has the same words.
   */
  private static final String PROVIDER = ">= 5.88.0, < 7.0.0";

  /** In full: what is short OpenTofu looks for elsewhere (opentofu#2402). */
  private static final String SOURCE = "hashicorp/aws";

  /**
   * How often the provider asks AWS again. Its own 25 are some 50 minutes where a zone has no more
   * machines; these come to about two and a half.
   */
  private static final int MAX_RETRIES = 12;

  /** The first release with write-only attributes. */
  private static final String TERRAFORM = ">= 1.11.0";

  @Override
  public List<Rule> rules() {
    return AwsRules.ALL;
  }

  @Override
  public List<ResourceKind> kinds() {
    return Stream.of(
            Machine.KINDS,
            Network.KINDS,
            Firewall.KINDS,
            Placement.KINDS,
            Passwords.KINDS,
            Delivery.KINDS,
            BackupBucket.KINDS,
            Rolling.KINDS,
            List.of(Identity.KIND))
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public Addresses addresses(Environment environment) {
    return new AwsAddresses(environment);
  }

  @Override
  public List<String> explain(Cluster cluster) {
    return cluster.nodes().stream().map(InstanceTypes::explain).toList();
  }

  @Override
  public List<String> strike(Cluster cluster, Node node, boolean kill) {
    List<String> command = new ArrayList<>(List.of("systemctl"));
    command.addAll(kill ? List.of("kill", "--signal=KILL") : List.of("restart"));
    command.add(node.kind() + ".service");
    return onNode(cluster, node, command);
  }

  @Override
  public List<String> agent(Cluster cluster, Node node, List<String> words) {
    List<String> command = new ArrayList<>(List.of(Programs.AGENT));
    command.addAll(words);
    return onNode(cluster, node, command);
  }

  @Override
  public List<String> replaced(Node node) {
    return List.of("aws_instance." + node.name());
  }

  /** A command that root runs on a node, by the way that {@code network.shell} says. */
  private static List<String> onNode(Cluster cluster, Node node, List<String> command) {
    List<String> all = new ArrayList<>();
    for (String word : cluster.environment().network().shell()) {
      all.add(word.replace("{address}", node.address()).replace("{node}", node.name()));
    }
    if (!all.isEmpty()) {
      all.add("sudo");
      all.addAll(command);
    }
    return all;
  }

  @Override
  public void build(TerraformStack stack, Cluster cluster, boolean first) {
    StateBackend.addTo(stack, cluster);
    provider(stack, cluster);
    Resources perNode = new Resources();
    AccountGuard.addTo(stack, perNode, cluster);
    Network network = new Network(stack, cluster);
    Firewall firewall = new Firewall(stack, cluster, network);
    SortedMap<String, NodeDocument> documents = documents(cluster);
    Passwords passwords = new Passwords(stack, cluster);
    List<TerraformResource> ready = new ArrayList<>();
    ready.addAll(network.ready());
    ready.addAll(firewall.ready());
    ready.addAll(passwords.ready());
    Machine.Surroundings around =
        new Machine.Surroundings(
            cluster,
            network,
            firewall,
            new Placement(stack, cluster),
            passwords,
            DebianImage.id(stack, cluster.environment().aws().image()),
            Stream.concat(
                    ready.stream().map(AwsPlatform::address),
                    Delivery.addTo(perNode, cluster, documents).stream())
                .toList(),
            documents);
    BackupBucket.addTo(stack, perNode, cluster);
    Offerings.addTo(stack, cluster);
    new Rolling(perNode, cluster, first).add(around);
    perNode.addTo(stack);
  }

  private static String address(TerraformResource resource) {
    return resource.getTerraformResourceType() + "." + resource.getFriendlyUniqueId();
  }

  @Override
  public Map<String, String> files(Cluster cluster) {
    UserData userData = new UserData(cluster);
    Map<String, String> files =
        cluster.nodes().parallelStream()
            .collect(
                Collectors.toMap(
                    Machine::userDataFile, userData::packed, (a, b) -> a, TreeMap::new));
    files.putAll(Delivery.files(documents(cluster)));
    files.put(ProviderLock.FILE, ProviderLock.text());
    return files;
  }

  @Override
  public SortedMap<String, NodeDocument> documents(Cluster cluster) {
    return Documents.of(cluster, Layout.MACHINE);
  }

  @Override
  public Map<String, String> render(Cluster cluster, Node node) {
    NodeDocument document = documents(cluster).get(node.name());
    return new TreeMap<>(
        Map.of(
            "user-data", new UserData(cluster).of(node),
            "document", document.text(),
            "settings", document.settings()));
  }

  private static void provider(TerraformStack stack, Cluster cluster) {
    AwsProvider.Builder.create(stack, "aws")
        .region(cluster.environment().aws().region().orElseThrow())
        .maxRetries(MAX_RETRIES)
        .allowedAccountIds(cluster.environment().aws().account().map(List::of).orElse(null))
        .defaultTags(List.of(AwsProviderDefaultTags.builder().tags(Tags.ofAll(cluster)).build()))
        .build();
    stack.addOverride("terraform.required_providers.aws.source", SOURCE);
    stack.addOverride("terraform.required_version", TERRAFORM);
    stack.addOverride("terraform.required_providers.aws.version", PROVIDER);
  }
}
