package stacks.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.Agents;
import stacks.operate.Look;
import stacks.operate.Password;
import stacks.platform.ClusterPlatform;
import stacks.platform.Platforms;
import stacks.platform.local.LocalPlatform;

/** The ways from here to the nodes of a cluster, and the passwords for them. */
final class Access {
  private static final String PASSWORD = "REDIS_PASSWORD";

  private Access() {}

  /** The nodes' agents, where the environment says how to reach a node. */
  static Optional<Agents> agents(Cluster cluster) {
    ClusterPlatform platform = Platforms.of(cluster.environment().platform());
    Agents agents = new Agents((node, words) -> platform.agent(cluster, node, words));
    return agents.commands().apply(cluster.firstMaster(), List.of()).isEmpty()
        ? Optional.empty()
        : Optional.of(agents);
  }

  /**
   * The nodes' agents; ends the command where the environment does not say how to reach a node.
   *
   * @param why what the verb needs them for
   */
  static Agents agents(Cluster cluster, String why) {
    return agents(cluster)
        .orElseThrow(
            () ->
                Failure.missing(
                    why
                        + ", and the environment file does not say how to reach them; set"
                        + " network.shell, for instance to [ssh, \"admin@{address}\"]"));
  }

  /**
   * A way to see how the nodes are: through their agents, or else with the application's password;
   * empty where there is neither.
   */
  static Optional<Look> look(Cluster cluster) {
    return agents(cluster).map(Look::through).or(() -> givenPassword().map(Look::direct));
  }

  /** The nodes that are there, as far as that can be known without asking them. */
  static Set<String> existing(Cluster cluster) {
    boolean local = cluster.isLocal();
    Path home = Path.of(LocalPlatform.home(cluster.name()));
    return cluster.nodes().stream()
        .map(Node::name)
        .filter(name -> !local || Files.exists(home.resolve(name).resolve("agent/good")))
        .collect(Collectors.toSet());
  }

  /**
   * Checksum of the document that each node shall take, by name; none where only its agent could
   * say whether it has, and there is no way to it.
   */
  static Map<String, String> documents(Cluster cluster) {
    return agents(cluster).isPresent() ? told(cluster) : Map.of();
  }

  private static Map<String, String> told(Cluster cluster) {
    Map<String, String> checksums = new TreeMap<>();
    Platforms.documents(cluster).forEach((name, each) -> checksums.put(name, each.sha256()));
    return checksums;
  }

  /**
   * Why a deploy to a cluster that was whole once cannot be looked after from here; empty where it
   * can. What each node has taken decides when the next one may change, and a password does not
   * tell it.
   */
  static Optional<String> blind(Cluster cluster) {
    return blind(cluster, told(cluster), agents(cluster), givenPassword());
  }

  static Optional<String> blind(
      Cluster cluster,
      Map<String, String> told,
      Optional<Agents> agents,
      Optional<Password> password) {
    if (told.isEmpty() || agents.isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        "whether a node of %s has taken its document only its agent can say, and the file has no network.shell%s. Set network.shell to the command that runs another on a node, such as [ssh, \"admin@{address}\"]"
            .formatted(
                cluster.name(),
                password
                    .map(
                        given ->
                            "; "
                                + PASSWORD
                                + " is set, and enough for status and for a cluster that was never whole")
                    .orElse("")));
  }

  /** What to do where there is no way to see the nodes. */
  static String howToLook(Cluster cluster) {
    return "there is no way from here to look at the nodes of %1$s: its file has no network.shell, and REDIS_PASSWORD is not set. Set network.shell to the command that runs another on a node, such as [ssh, \"admin@{address}\"], or set REDIS_PASSWORD to the password of user app (\"app\" in the secret rediform/%1$s/nodes) where the nodes can be reached"
        .formatted(cluster.name());
  }

  /** The password of user {@code app}; ends the command where it is not to be had. */
  static Password password(Cluster cluster) {
    if (cluster.isLocal()) {
      return localPassword(cluster.name());
    }
    return givenPassword()
        .orElseThrow(
            () ->
                Failure.missing(
                    PASSWORD
                        + " is not set; it must hold the password of user app, the value \"app\" of"
                        + " the secret rediform/"
                        + cluster.name()
                        + "/nodes"));
  }

  private static Optional<Password> givenPassword() {
    return Optional.ofNullable(System.getenv(PASSWORD))
        .filter(given -> !given.isEmpty())
        .map(Password::new);
  }

  private static Password localPassword(String name) {
    Path file = Path.of(LocalPlatform.home(name), "password");
    try {
      return new Password(Files.readString(file).strip());
    } catch (IOException e) {
      throw Failure.no(
          "%s is not deployed on this machine (%s is not readable); to deploy it: ./rediform deploy %s"
              .formatted(name, file, name));
    }
  }
}
