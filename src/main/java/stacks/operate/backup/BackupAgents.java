package stacks.operate.backup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.operate.Agents;
import stacks.operate.ClusterStatus;
import stacks.operate.Look;
import stacks.operate.NotPossible;
import stacks.operate.RedisState;
import stacks.platform.local.LocalPlatform;
import stacks.values.Endpoint;

/** What the agents of a cluster do for its backups. */
public final class BackupAgents {
  /** The agent reads a manifest and a proof for each of up to 1,000 backups. */
  private static final Duration LIST = Duration.ofMinutes(3);

  /** Redis may take minutes for a snapshot of many gigabytes before its first byte comes. */
  private static final Duration SNAPSHOT = Duration.ofMinutes(15);

  /** An object that is being read comes without longer pauses. */
  private static final Duration PAUSE = Duration.ofMinutes(1);

  private static final Duration PROOF = Duration.ofMinutes(1);

  /** What {@code backup --now} prints at its end. */
  private static final Pattern TAKEN = Pattern.compile("backup (\\S+): \\d+ keys, \\d+ bytes");

  /** Python's argparse ends with this code where it knows no such verb. */
  private static final int UNKNOWN_VERB = 2;

  private final Cluster cluster;
  private final Agents agents;

  /**
   * A node that has answered, and its answer.
   *
   * @param node it sees the store
   */
  public record Listing(Node node, Backups backups) {}

  /** The agents of a cluster. */
  public BackupAgents(Cluster cluster, Agents agents) {
    this.cluster = cluster;
    this.agents = agents;
  }

  /** Name of the cluster. */
  String cluster() {
    return cluster.name();
  }

  /**
   * Asks the data nodes one after another until one says which backups there are.
   *
   * @throws NotPossible when those that answer cannot say
   * @throws Missing when none answers
   */
  public Listing list() throws NotPossible, Missing {
    List<String> reasons = new ArrayList<>();
    boolean reached = false;
    for (RedisNode node : cluster.redis()) {
      Agents.Answer answer = agents.ask(node, LIST, "backups");
      Optional<Backups> backups = backups(answer);
      if (backups.isPresent()) {
        return new Listing(node, backups.get());
      }
      reached |= answer.reached() || answer.exitCode() == UNKNOWN_VERB;
      reasons.add(node.name() + ": " + reason(node, answer));
    }
    String all = String.join("; ", reasons);
    if (reached) {
      throw new NotPossible("no node can say which backups there are: " + all);
    }
    throw new Missing("no data node of " + cluster.name() + " can be reached: " + all);
  }

  private Optional<Backups> backups(Agents.Answer answer) {
    return answer.exitCode() == 0
        ? Backups.read(answer.out()).map(each -> each.at(place(each.place())))
        : Optional.empty();
  }

  /** A folder that is relative to a local node's home, as it is from the project. */
  private String place(String place) {
    return cluster.isLocal()
        ? Path.of(LocalPlatform.home(cluster.name()), "node").resolve(place).normalize().toString()
        : place;
  }

  /**
   * Takes a backup on the node that the schedule would choose.
   *
   * @param say gets the progress, a line each
   * @return the backup as the store has it
   * @throws NotPossible when no node is healthy, or the one that is cannot do it
   * @throws Missing when no node answers, or the one that took it no longer does
   */
  public Taken now(Consumer<String> say) throws NotPossible, Missing {
    RedisNode node = chosen(Look.through(agents).at(cluster));
    say.accept(node.name() + " takes a backup");
    String[] last = {""};
    Agents.Answer answer =
        agents.stream(
            node,
            SNAPSHOT,
            out -> {
              BufferedReader lines =
                  new BufferedReader(new InputStreamReader(out, StandardCharsets.UTF_8));
              for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                  last[0] = line.strip();
                  if (!TAKEN.matcher(last[0]).matches()) {
                    say.accept(node.name() + ": " + withoutName(node, last[0]));
                  }
                }
              }
            },
            "backup",
            "--now");
    Matcher taken = TAKEN.matcher(last[0]);
    if (answer.reached() && answer.exitCode() == 0 && taken.matches()) {
      return confirmed(node, taken.group(1));
    }
    String reason = answer.out().isEmpty() ? last[0] : reason(node, answer);
    if (answer.reached() || answer.exitCode() == UNKNOWN_VERB) {
      // It may be that one was taken, and something failed after it: the agent says which.
      throw new NotPossible("%s was to take a backup: %s".formatted(node.name(), reason));
    }
    throw new Missing(
        "%s did not say what became of the backup: %s. To see whether it is there: ./rediform backup %s list"
            .formatted(node.name(), reason, cluster.name()));
  }

  /**
   * Whether the master has answered that it holds no key. An agent of an older release cannot say
   * so, and then a backup is what can be had.
   *
   * @throws Missing when no node answers
   */
  public boolean isEmpty() throws Missing {
    ClusterStatus status = Look.through(agents).at(cluster);
    if (status.isUnreached()) {
      throw unreached(status);
    }
    // Without --replace-data a restore is possible only where there is no key.
    return status
        .master()
        .map(master -> cluster.node(master.name()).orElseThrow())
        .map(node -> agents.ask(node, LIST, "restore", "--stdin", "--check"))
        .filter(answer -> answer.reached() && answer.exitCode() == 0)
        .map(answer -> holdsNoKey(answer.out()))
        .orElse(false);
  }

  private static boolean holdsNoKey(String answer) {
    try {
      JsonNode keys = Backups.JSON.readTree(answer).path("keys");
      return keys.isObject() && keys.isEmpty();
    } catch (JsonProcessingException e) {
      return false; // Something on the way has answered, and not the agent.
    }
  }

  private Missing unreached(ClusterStatus status) {
    return new Missing(
        "no node of %s can be reached: %s"
            .formatted(cluster.name(), String.join("; ", status.problems())));
  }

  /** A backup that was taken, and where it is. */
  public record Taken(Backup backup, String place) {}

  /** What counts is what the store has, and not what the agent printed. */
  private Taken confirmed(Node node, String id) throws NotPossible, Missing {
    Agents.Answer answer = agents.ask(node, LIST, "backups");
    Optional<Backups> backups = backups(answer);
    if (backups.isEmpty()) {
      throw new Missing(
          "%s took %s, and did not say whether the store has it: %s. To see whether it is there: ./rediform backup %s list"
              .formatted(node.name(), id, reason(node, answer), cluster.name()));
    }
    return new Taken(
        backups
            .get()
            .find(id)
            .orElseThrow(
                () ->
                    new NotPossible(
                        "%s took %s, but %s does not list it"
                            .formatted(node.name(), id, backups.get().place()))),
        backups.get().place());
  }

  /**
   * The first healthy replica in sync, by address, or the master where there is none; as the agents
   * do.
   */
  RedisNode chosen(ClusterStatus status) throws NotPossible, Missing {
    if (status.isUnreached()) {
      throw unreached(status);
    }
    Predicate<RedisState> healthy = each -> each.problem().isEmpty() && each.role().isPresent();
    Predicate<RedisState> replica =
        each -> each.role().equals(Optional.of("replica")) && each.linkUp();
    String name =
        status.redis().stream()
            .filter(healthy.and(replica))
            .min(Comparator.comparing(RedisState::endpoint, Endpoint.BY_ADDRESS))
            // It refuses writes when no replica is in sync, and then its backup is wanted most.
            .or(status::master)
            .map(RedisState::name)
            .orElseThrow(
                () ->
                    new NotPossible(
                        "%s has no healthy replica and no master, so no node can take a backup: %s"
                            .formatted(cluster.name(), String.join("; ", status.problems()))));
    return (RedisNode) cluster.node(name).orElseThrow();
  }

  /** Reads the object of a backup, as it is stored. */
  Agents.Answer object(Node node, String id, Agents.Reader reader) {
    return agents.stream(node, PAUSE, reader, "object", "--id", id);
  }

  /**
   * Stores the proof of a restore. Its JSON goes as base64: where the way to the node has a shell,
   * as ssh does, quotes and braces would not arrive.
   */
  void prove(Node node, Backup.Proof proof) throws NotPossible, Missing {
    byte[] json = proof.toJson().toString().getBytes(StandardCharsets.UTF_8);
    String text = Base64.getUrlEncoder().withoutPadding().encodeToString(json);
    Agents.Answer answer = agents.ask(node, PROOF, "proof", "--id", proof.id(), "--text", text);
    if (answer.exitCode() == 0) {
      return;
    }
    String message =
        "%s was restored and is good, but %s could not store the proof: %s"
            .formatted(proof.id(), node.name(), reason(node, answer));
    if (answer.reached()) {
      throw new NotPossible(message);
    }
    throw new Missing(message);
  }

  /** Why a node's agent did not do what it was asked for. */
  String reason(Node node, Agents.Answer answer) {
    if (answer.exitCode() == UNKNOWN_VERB) {
      return "its agent is of an older release and knows no backups; to renew it: ./rediform deploy "
          + cluster.name();
    }
    return answer.out().isBlank()
        ? "it ended with code " + answer.exitCode()
        : withoutName(node, answer.out());
  }

  /** An agent begins with its node's name, and so do our messages. */
  private static String withoutName(Node node, String said) {
    return said.replaceFirst("^" + node.name() + ": ", "");
  }
}
