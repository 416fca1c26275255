package stacks.platform;

import static stacks.platform.Effect.COSMETIC;
import static stacks.platform.Effect.NOT_UNDERSTOOD;

import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A kind of resource that an environment is made of, and what is known of its attributes; it stands
 * beside what makes the resource. It is a list of what is harmless: whatever does not stand there
 * is not understood, and blocks.
 *
 * @param type Terraform's
 * @param names what resources of this kind are called here
 * @param attributes what a change of each attribute means
 * @param mirrors attributes that other resources, or the platform, write: no drift
 * @param loss what it means when one is destroyed or made anew; empty for a kind of an earlier
 *     release, which may only go
 * @param lasts whether it outlives the cluster: Terraform may forget one, and take over one that is
 *     there
 */
public record ResourceKind(
    String type,
    Pattern names,
    Map<String, Effect> attributes,
    Set<String> mirrors,
    String loss,
    boolean lasts) {
  /** A node's name at the beginning of a resource's. */
  public static final String NODE = "(?:redis|sentinel)-\\d+";

  /** What the loss of many a resource means. */
  public static final String NODES_CANNOT_BOOT =
      "a node that boots reaches neither Debian's archive nor its passwords";

  /** A kind of {@code terraform_data} that is a step of every deploy. */
  public static ResourceKind step(String names) {
    return of(
        "terraform_data", names, Map.of(), Set.of(), "what it does at a deploy is done no more");
  }

  /** A kind whose names match a regular expression. */
  public static ResourceKind of(
      String type, String names, Map<String, Effect> attributes, Set<String> mirrors, String loss) {
    return new ResourceKind(type, Pattern.compile(names), attributes, mirrors, loss, false);
  }

  /** The same kind, of what outlives the cluster. */
  public ResourceKind thatLasts() {
    return new ResourceKind(type, names, attributes, mirrors, loss, true);
  }

  /** Whether an attribute, or the block that it stands in, is one that others write. */
  public boolean isMirror(String attribute) {
    return mirrors.contains(attribute.replaceFirst("\\..*", ""));
  }

  /** What a change of an attribute means. */
  public Effect effectOf(String attribute) {
    return switch (attribute) {
      case "tags", "tags_all", "timeouts" -> COSMETIC;
      default -> attributes.getOrDefault(attribute, NOT_UNDERSTOOD);
    };
  }
}
