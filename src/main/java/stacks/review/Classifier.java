package stacks.review;

import static stacks.platform.Effect.ACCESS_NARROWED;
import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.ADDED;
import static stacks.platform.Effect.COSMETIC;
import static stacks.platform.Effect.DATA_AT_RISK;
import static stacks.platform.Effect.LIVE_SETTING;
import static stacks.platform.Effect.NEW_NODE;
import static stacks.platform.Effect.NODE_REMOVED;
import static stacks.platform.Effect.NODE_REPLACED;
import static stacks.platform.Effect.NOTHING;
import static stacks.platform.Effect.NOT_UNDERSTOOD;
import static stacks.platform.Effect.PART_LOST;
import static stacks.platform.Effect.ROLLING_RESTART;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.Effect;
import stacks.platform.ResourceKind;

/** Says of one resource to whom it belongs and what its change means. */
final class Classifier {
  private static final Pattern OF_NODE = Pattern.compile("(" + ResourceKind.NODE + ")(-[a-z-]+)?");

  private final Cluster cluster;
  private final Set<String> names;

  Classifier(Cluster cluster) {
    this.cluster = cluster;
    this.names = cluster.nodes().stream().map(Node::name).collect(Collectors.toSet());
  }

  /** The node of a resource, whether or not the environment still has it. */
  static Optional<String> node(ResourceChange resource) {
    Matcher matcher = OF_NODE.matcher(resource.name());
    return Kinds.of(resource).isPresent() && matcher.matches()
        ? Optional.of(matcher.group(1))
        : Optional.empty();
  }

  Cluster cluster() {
    return cluster;
  }

  /** Whether a resource is the node itself: the machine, or on this machine the folder. */
  boolean isNode(ResourceChange resource) {
    return resource.type().equals(isLocal() ? "terraform_data" : "aws_instance")
        && resource.name().matches(ResourceKind.NODE);
  }

  /** Whether a resource is where a node has its data. */
  boolean isData(ResourceChange resource) {
    return node(resource).filter(name -> name.startsWith("redis")).isPresent()
        && (isLocal() ? isNode(resource) : resource.type().equals("aws_ebs_volume"));
  }

  /** Whether the environment no longer has the node of a resource. */
  boolean leaves(ResourceChange resource) {
    return node(resource).filter(name -> !names.contains(name)).isPresent();
  }

  /** What a change means. */
  Effect effect(ResourceChange resource) {
    if (Kinds.of(resource).isEmpty()) {
      return NOT_UNDERSTOOD;
    }
    return switch (resource.action()) {
      case NOTHING, READ -> NOTHING;
      case CREATE -> created(resource);
      case UPDATE -> updated(resource);
      case DELETE -> deleted(resource);
      case REPLACE -> replaced(resource);
      case FORGET, UNKNOWN -> NOT_UNDERSTOOD;
    };
  }

  private Effect created(ResourceChange resource) {
    if (isNode(resource)) {
      return NEW_NODE;
    } else if (resource.type().equals("aws_vpc_security_group_ingress_rule")) {
      return ACCESS_WIDENED;
    }
    return isStep(resource) ? NOTHING : ADDED;
  }

  private static Effect updated(ResourceChange resource) {
    Effect gravest = NOTHING;
    for (String attribute : resource.changed()) {
      gravest = gravest.or(updated(resource, attribute));
    }
    return gravest;
  }

  /** What the change of one attribute means. */
  static Effect updated(ResourceChange resource, String attribute) {
    ResourceKind kind = Kinds.of(resource).orElseThrow();
    if (kind.isMirror(attribute) && resource.isUnknown("/" + attribute)) {
      return NOTHING; // AWS will say what it is
    }
    if (attribute.startsWith("tags") && resource.type().equals("aws_instance")) {
      return ofTags(resource);
    }
    Effect effect = kind.effectOf(attribute);
    if (effect == ACCESS_WIDENED && resource.type().equals("aws_vpc_security_group_ingress_rule")) {
      return Access.isNarrower(resource) ? ACCESS_NARROWED : ACCESS_WIDENED;
    }
    return effect == LIVE_SETTING && DataRules.shrinks(resource) ? DATA_AT_RISK : effect;
  }

  /** Some are settings of Redis, others are names. */
  private static Effect ofTags(ResourceChange machine) {
    LiveDirectives directives = LiveDirectives.of(machine);
    if (directives.before().isEmpty() && directives.after().isEmpty() && isRedis(machine)) {
      return NOT_UNDERSTOOD; // a data node has some: these are hidden
    }
    return directives.changed().isEmpty() ? COSMETIC : LIVE_SETTING;
  }

  private static boolean isRedis(ResourceChange machine) {
    return node(machine).filter(name -> name.startsWith("redis-")).isPresent();
  }

  private Effect deleted(ResourceChange resource) {
    if (leaves(resource)) {
      return isStep(resource) ? NOTHING : NODE_REMOVED;
    } else if (isData(resource)) {
      return DATA_AT_RISK;
    } else if (isNode(resource)) {
      return NODE_REMOVED;
    }
    return resource.type().equals("aws_vpc_security_group_ingress_rule")
        ? ACCESS_NARROWED
        : PART_LOST;
  }

  private Effect replaced(ResourceChange resource) {
    if (isNode(resource)) {
      return isLocal() ? DATA_AT_RISK : NODE_REPLACED;
    } else if (isData(resource)) {
      return DATA_AT_RISK;
    } else if (Kinds.isNewProgram(resource)) {
      return LIVE_SETTING;
    } else if (resource.name().endsWith("-settings")) {
      return staysUp(resource) ? LIVE_SETTING : ROLLING_RESTART;
    } else if (resource.type().equals("aws_vpc_security_group_ingress_rule")) {
      return ACCESS_WIDENED;
    }
    return isStep(resource) ? NOTHING : PART_LOST;
  }

  /**
   * Whether the settings of a node on this machine differ in what Redis takes while it runs only.
   */
  private static boolean staysUp(ResourceChange settings) {
    if (settings.isTainted()) {
      return false; // a deploy has ended before the node had them
    }
    JsonNode before = settings.nodeBefore("/triggers_replace");
    JsonNode after = settings.nodeAfter("/triggers_replace");
    if (before.size() != after.size() || settings.isUnknown("/triggers_replace")) {
      return false;
    }
    for (int i = 0; i < before.size(); i++) {
      if (i != LiveDirectives.TRIGGER && !before.path(i).equals(after.path(i))) {
        return false;
      }
    }
    return before.size() > LiveDirectives.TRIGGER;
  }

  /** Whether it is a step of every deploy, which is made anew to be taken again. */
  static boolean isStep(ResourceChange resource) {
    return resource.type().equals("terraform_data")
        && resource.name().matches(".*-gate|whole|programs|identity|formed");
  }

  private boolean isLocal() {
    return cluster.isLocal();
  }
}
