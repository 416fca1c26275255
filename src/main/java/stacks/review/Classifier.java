package stacks.review;

import static stacks.platform.Effect.ACCESS_NARROWED;
import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.ADDED;
import static stacks.platform.Effect.COSMETIC;
import static stacks.platform.Effect.DATA_AT_RISK;
import static stacks.platform.Effect.LEFT_BEHIND;
import static stacks.platform.Effect.LIVE_SETTING;
import static stacks.platform.Effect.NEW_NODE;
import static stacks.platform.Effect.NODE_REMOVED;
import static stacks.platform.Effect.NODE_REPLACED;
import static stacks.platform.Effect.NOTHING;
import static stacks.platform.Effect.NOT_UNDERSTOOD;
import static stacks.platform.Effect.PART_LOST;
import static stacks.platform.Effect.SERVER_RESTART;
import static stacks.platform.Effect.TAKEN_OVER;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.node.BackupSection;
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
      case UPDATE ->
          resource.isImported() ? imported(resource).or(updated(resource)) : updated(resource);
      case DELETE -> deleted(resource);
      case REPLACE -> replaced(resource);
      case FORGET -> mayForget(resource) ? LEFT_BEHIND : NOT_UNDERSTOOD;
      case IMPORT -> imported(resource);
      case UNKNOWN -> NOT_UNDERSTOOD;
    };
  }

  /** Whether Terraform forgets what outlives the cluster because the file no longer wants it. */
  boolean mayForget(ResourceChange resource) {
    return resource.action() == Action.FORGET
        && Kinds.lasts(resource)
        && !BackupSection.makesBucket(cluster);
  }

  private static Effect imported(ResourceChange resource) {
    return Kinds.lasts(resource) ? TAKEN_OVER : NOT_UNDERSTOOD;
  }

  private Effect created(ResourceChange resource) {
    if (isNode(resource)) {
      return NEW_NODE;
    } else if (resource.type().equals("aws_vpc_security_group_ingress_rule")) {
      return ACCESS_WIDENED;
    }
    return isStep(resource) ? NOTHING : ADDED;
  }

  private Effect updated(ResourceChange resource) {
    Effect gravest = NOTHING;
    for (String attribute : resource.changed()) {
      gravest = gravest.or(updated(resource, attribute));
    }
    return gravest;
  }

  /** What the change of one attribute means. */
  Effect updated(ResourceChange resource, String attribute) {
    ResourceKind kind = Kinds.of(resource).orElseThrow();
    if (kind.isMirror(attribute) && resource.isUnknown("/" + attribute)) {
      return NOTHING; // AWS will say what it is
    }
    if (attribute.startsWith("tags") && resource.type().equals("aws_instance")) {
      return ofTags(resource);
    } else if (attribute.equals("content") && DocumentChange.is(resource)) {
      return DocumentChange.of(resource).effect();
    }
    Effect effect = kind.effectOf(attribute);
    if (effect == ACCESS_WIDENED && resource.type().equals("aws_vpc_security_group_ingress_rule")) {
      return Access.isNarrower(resource) ? ACCESS_NARROWED : ACCESS_WIDENED;
    }
    if (effect == ACCESS_WIDENED
        && resource.type().equals("aws_iam_role_policy")
        && Policies.isOfNode(resource.after("/policy"), cluster)) {
      return ofBackups(resource); // what rediform lets a node do, and no more
    }
    return effect == LIVE_SETTING && DataRules.shrinks(resource) ? DATA_AT_RISK : effect;
  }

  /** What another policy means that lets nodes do nothing strange. */
  private static Effect ofBackups(ResourceChange policy) {
    Optional<String> before = Policies.backupPlace(policy.before("/policy"));
    Optional<String> after = Policies.backupPlace(policy.after("/policy"));
    if (before.equals(after)) {
      return LIVE_SETTING;
    }
    return after.isPresent() ? ACCESS_WIDENED : ACCESS_NARROWED;
  }

  /** One names the machine's document, which says what that means; others are names. */
  private static Effect ofTags(ResourceChange machine) {
    if (!Delivery.isNamed(machine)) {
      return NOT_UNDERSTOOD; // every machine has one: it is hidden
    }
    return Delivery.isRenamed(machine) ? LIVE_SETTING : COSMETIC;
  }

  private Effect deleted(ResourceChange resource) {
    if (Kinds.isFormer(resource)) {
      return NOTHING;
    }
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
    } else if (resource.name().endsWith("-settings")) {
      return staysUp(resource) ? LIVE_SETTING : SERVER_RESTART;
    } else if (resource.type().equals("aws_vpc_security_group_ingress_rule")) {
      return ACCESS_WIDENED;
    }
    return isStep(resource) ? NOTHING : PART_LOST;
  }

  /**
   * Whether the settings of a node on this machine differ in nothing that is read at the start: the
   * first of what they are made anew for is that, the second that the node was not running.
   */
  private static boolean staysUp(ResourceChange settings) {
    JsonNode before = settings.nodeBefore("/triggers_replace");
    JsonNode after = settings.nodeAfter("/triggers_replace");
    return !settings.isTainted() // a deploy has ended before the node had them
        && before.size() == after.size()
        && before.size() > 2
        && !settings.isUnknown("/triggers_replace")
        && before.path(0).equals(after.path(0))
        && before.path(1).equals(after.path(1));
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
