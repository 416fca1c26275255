package stacks.review;

import java.util.Set;
import stacks.platform.Effect;

/**
 * What is kept of one resource that changes.
 *
 * @param address Terraform's address of it
 * @param node the node that it belongs to; {@link #SHARED} where it belongs to none
 * @param action {@code create}, {@code update}, {@code delete}, {@code replace} or {@code forget}
 * @param effect what that means for the cluster
 * @param attributes which attributes change; no values
 */
public record Change(
    String address, String node, String action, Effect effect, Set<String> attributes) {
  /** Where resources stand that belong to the cluster as a whole. */
  public static final String SHARED = "shared";
}
