package stacks.review;

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
  private boolean restarts;
  private boolean replaced;
  private boolean stopped;
  private boolean losesData;
  private boolean gateRuns;
  private boolean touched;
  private boolean unreadable;
  private final Set<String> settings = new TreeSet<>();
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
    }
    if (classifier.isData(resource) && resource.existed() && resource.action().ends()) {
      losesData = true;
    }
    restarts |= meaning == Effect.ROLLING_RESTART;
    touched |= touches(resource, meaning);
    if (meaning == Effect.ROLLING_RESTART && resource.name().endsWith("-settings")) {
      settings.add("what is read at the start");
    }
    if (classifier.isNode(resource) || resource.name().equals(name + "-settings")) {
      live(LiveDirectives.of(resource), resource);
    }
    switch (resource.type()) {
      case "aws_instance" -> machine(resource);
      case "aws_ebs_volume" -> volume(resource);
      case "aws_ec2_instance_state" ->
          stopped = resource.remains() && !resource.after("/state").equals(Optional.of("running"));
      case "terraform_data" -> gateRuns |= waits(resource);
      default -> {}
    }
  }

  /**
   * Whether a change reaches the server: its machine's size, user-data, settings and state, and its
   * way to the data. A volume grows in use.
   */
  private static boolean touches(ResourceChange resource, Effect meaning) {
    boolean changes = resource.action() != Action.NOTHING && resource.action() != Action.READ;
    return switch (resource.type()) {
      case "aws_instance" ->
          changes
              && (resource.action() != Action.UPDATE
                  || meaning == Effect.ROLLING_RESTART
                  || !LiveDirectives.of(resource).changed().isEmpty());
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

  private void live(LiveDirectives directives, ResourceChange resource) {
    directives.maxmemoryBefore().ifPresent(found -> maxmemoryBefore = Optional.of(found));
    directives.maxmemoryAfter().ifPresent(found -> maxmemoryAfter = Optional.of(found));
    if (resource.existed() && resource.remains()) {
      settings.addAll(directives.changed());
      // Said as a size; the backlog follows it.
      if (settings.remove("maxmemory")) {
        settings.remove("repl-backlog-size");
      }
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
    return effect;
  }

  /** Whether it is there now. */
  boolean existed() {
    return existed;
  }

  /** Whether it will be there. */
  boolean remains() {
    return remains;
  }

  /** Whether it was there, will be there, and stops and starts in between. */
  boolean restarts() {
    return existed && remains && !replaced && restarts;
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

  /** Whether what it holds now is gone afterwards. */
  boolean losesData() {
    return losesData;
  }

  /** Whether it is away without anybody waiting for the others first. */
  boolean isAwayUnasked() {
    return existed && remains && (replaced || stopped || (restarts && !gateRuns));
  }

  /** Whether it restarts although its gate does not run. */
  boolean restartsWithoutGate() {
    return restarts() && !gateRuns;
  }

  /** Whether its server is reached although its gate does not run. */
  boolean isTouchedWithoutGate() {
    return remains && touched && !gateRuns;
  }

  /** Whether its user-data changes, and one side of that is hidden or none of ours. */
  boolean isUnreadable() {
    return unreadable;
  }

  Set<String> settings() {
    return settings;
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
