package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import stacks.platform.Effect;
import stacks.values.Memory;

/** What a plan does to one node, gathered resource by resource. */
final class NodePlan {
  private final String name;
  private Effect effect = Effect.NOTHING;
  private boolean existed;
  private boolean remains;
  private boolean machineRestarts;
  private boolean serverRestarts;
  private boolean replaced;
  private boolean forgotten;
  private boolean stopped;
  private boolean wasStopped;
  private boolean losesData;
  private boolean gateRuns;
  private boolean touched;
  private boolean unreadable;
  private final Delivery delivery = new Delivery();
  private Optional<JsonNode> backupBefore = Optional.empty();
  private Optional<JsonNode> backupAfter = Optional.empty();
  private final Set<String> settings = new TreeSet<>();
  private final List<SettingChange> directives = new ArrayList<>();
  private Optional<String> typeBefore = Optional.empty();
  private Optional<String> typeAfter = Optional.empty();
  private Optional<String> zone = Optional.empty();
  private Optional<Memory> maxmemoryBefore = Optional.empty();
  private Optional<Memory> maxmemoryAfter = Optional.empty();
  private OptionalLong diskBefore = OptionalLong.empty();
  private OptionalLong diskAfter = OptionalLong.empty();

  NodePlan(String name) {
    this.name = name;
  }

  /** Takes in one of the node's resources. */
  void see(ResourceChange resource, Effect meaning, Classifier classifier) {
    effect = effect.or(meaning);
    if (classifier.isNode(resource)) {
      existed = resource.existed();
      remains = resource.remains();
      replaced = resource.action() == Action.REPLACE;
      forgotten = resource.action() == Action.FORGET;
    }
    if (classifier.isData(resource) && resource.existed() && resource.action().ends()) {
      losesData = true;
    }
    machineRestarts |= meaning == Effect.ROLLING_RESTART;
    serverRestarts |= meaning == Effect.SERVER_RESTART;
    touched |= touches(resource, meaning);
    if (DocumentChange.is(resource)) {
      document(resource);
    } else if (resource.name().equals(name + "-settings")) {
      settings(resource, meaning);
    }
    switch (resource.type()) {
      case "aws_instance" -> machine(resource);
      case "aws_ebs_volume" -> volume(resource);
      case "aws_ec2_instance_state" -> {
        Optional<String> running = Optional.of("running");
        stopped = resource.remains() && !resource.after("/state").equals(running);
        wasStopped = resource.existed() && !resource.before("/state").equals(running);
      }
      case "terraform_data" -> gateRuns |= waits(resource);
      default -> {}
    }
  }

  /**
   * Whether a change reaches the server: its machine's size, user-data, document and state, and its
   * way to the data. A volume grows in use.
   */
  private static boolean touches(ResourceChange resource, Effect meaning) {
    boolean changes = resource.action() != Action.NOTHING && resource.action() != Action.READ;
    return switch (resource.type()) {
      case "aws_instance" ->
          changes
              && (resource.action() != Action.UPDATE
                  || meaning == Effect.ROLLING_RESTART
                  || Delivery.isRenamed(resource));
      case "aws_s3_object" -> resource.changed().contains("content") && resource.existed();
      case "aws_ec2_instance_state", "aws_volume_attachment" -> changes;
      default -> false;
    };
  }

  /** On this machine a node's settings wait themselves before they change it. */
  private static boolean waits(ResourceChange step) {
    return step.name().matches(".*-(gate|settings)")
        && (step.action() == Action.CREATE || step.action() == Action.REPLACE);
  }

  private void machine(ResourceChange machine) {
    delivery.machine(machine);
    typeBefore = machine.before("/instance_type");
    typeAfter = machine.after("/instance_type");
    if (Collections.disjoint(machine.changed(), List.of("user_data", "user_data_base64"))) {
      return;
    }
    Optional<UserData> before = machine.before("/user_data_base64").flatMap(UserData::of);
    Optional<UserData> after = machine.after("/user_data_base64").flatMap(UserData::of);
    if (before.isPresent() && after.isPresent()) {
      settings.addAll(before.get().changesTo(after.get()));
    } else if (machine.existed() && machine.remains()) {
      unreadable = true;
      settings.add("user-data");
    }
  }

  private void document(ResourceChange object) {
    DocumentChange document = DocumentChange.of(object);
    delivery.object(object, document);
    if (document.isReadable()) { // what cannot be seen is not off
      backupBefore = document.before().flatMap(Document::backup);
      backupAfter = document.after().flatMap(Document::backup);
    }
    if (delivery.changesObject()) {
      unreadable |= !document.isReadable();
      settings.addAll(document.names());
      directives.addAll(SettingChange.of(document));
    }
    if (object.remains()) {
      live(LiveDirectives.of(document));
    }
  }

  /** On this machine. */
  private void settings(ResourceChange made, Effect meaning) {
    if (meaning == Effect.SERVER_RESTART) {
      settings.add("what is read at the start");
    }
    LiveDirectives live = LiveDirectives.of(made);
    if (meaning == Effect.LIVE_SETTING && live.changed().isEmpty()) {
      settings.add("what is not read at the start");
    }
    directives.addAll(SettingChange.of(live));
    live(live);
  }

  private void live(LiveDirectives live) {
    maxmemoryBefore = live.maxmemoryBefore();
    maxmemoryAfter = live.maxmemoryAfter();
    settings.addAll(live.changed());
    // Said as a size; the backlog follows it.
    if (settings.remove("maxmemory")) {
      settings.remove("repl-backlog-size");
    }
  }

  private void volume(ResourceChange volume) {
    zone = volume.after("/availability_zone");
    diskBefore = volume.numberBefore("/size");
    diskAfter = volume.numberAfter("/size");
  }

  String name() {
    return name;
  }

  boolean isRedis() {
    return name.startsWith("redis-");
  }

  Effect effect() {
    return restartsForUnseen() ? effect.or(Effect.SERVER_RESTART) : effect;
  }

  /** Whether it is there now. */
  boolean existed() {
    return existed;
  }

  /** Whether it will be there. */
  boolean remains() {
    return remains;
  }

  /** Whether it was there, will be there, and its server stops and starts in between. */
  boolean restarts() {
    return stays() && (machineRestarts || serverRestarts || restartsForUnseen());
  }

  /** Whether its machine stops and starts, too. */
  boolean restartsMachine() {
    return stays() && machineRestarts;
  }

  /** Nobody can see what changes for it, so it may be what is read at the start. */
  private boolean restartsForUnseen() {
    return stays() && !machineRestarts && delivery.isFromUnseen();
  }

  private boolean stays() {
    return existed && remains && !replaced;
  }

  /** Whether it stays as it is, and Terraform no longer knows of it. */
  boolean isForgotten() {
    return forgotten;
  }

  boolean isReplaced() {
    return replaced;
  }

  boolean isNew() {
    return !existed && remains;
  }

  boolean isRemoved() {
    return existed && !remains;
  }

  boolean isStopped() {
    return stopped;
  }

  /** Whether somebody has stopped its machine, and the deploy starts it. */
  boolean isStarted() {
    return stays() && wasStopped && !stopped;
  }

  /** Whether what it holds now is gone afterwards. */
  boolean losesData() {
    return losesData;
  }

  /** Whether it is away without anybody waiting for the others first. */
  boolean isAwayUnasked() {
    return existed && remains && (replaced || stopped || restartsWithoutGate());
  }

  /** Whether it restarts although its gate does not run. */
  boolean restartsWithoutGate() {
    return restarts() && !gateRuns;
  }

  /** Whether its server is reached although its gate does not run. */
  boolean isTouchedWithoutGate() {
    return remains && touched && !gateRuns;
  }

  /** Whether it stays up and gets another document although its gate does not run. */
  boolean isToldWithoutGate() {
    return stays() && delivery.changes() && !restarts() && !gateRuns;
  }

  /** How it comes to its document. */
  Delivery delivery() {
    return delivery;
  }

  /** Whether its user-data or document changes, and one side of that is hidden or none of ours. */
  boolean isUnreadable() {
    return unreadable;
  }

  Set<String> settings() {
    Set<String> all = new TreeSet<>(settings);
    if (restartsForUnseen() && !unreadable) {
      all.add("all that its document says");
    }
    return all;
  }

  /** Directives of its server that get other values, as far as that can be seen. */
  List<SettingChange> directives() {
    return directives;
  }

  /** How its data is backed up; empty where it is not, or nobody can see it. */
  Optional<JsonNode> backupBefore() {
    return backupBefore;
  }

  Optional<JsonNode> backupAfter() {
    return backupAfter;
  }

  Optional<String> typeBefore() {
    return typeBefore;
  }

  Optional<String> typeAfter() {
    return typeAfter;
  }

  Optional<String> zone() {
    return zone;
  }

  Optional<Memory> maxmemoryBefore() {
    return maxmemoryBefore;
  }

  Optional<Memory> maxmemoryAfter() {
    return maxmemoryAfter;
  }

  OptionalLong diskBefore() {
    return diskBefore;
  }

  OptionalLong diskAfter() {
    return diskAfter;
  }
}
