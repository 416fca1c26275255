package stacks.review;

import java.util.Optional;
import stacks.platform.aws.InstanceType;
import stacks.platform.aws.InstanceTypes;
import stacks.values.Quote;

/** Whether a machine becomes larger or smaller. */
final class Machines {
  private Machines() {}

  /** Which way a size goes. */
  enum Direction {
    SAME,
    BIGGER,
    SMALLER,
    /** More of one thing and less of another, or a type that the list does not have. */
    OTHER
  }

  static Direction direction(NodePlan node) {
    if (node.typeBefore().equals(node.typeAfter())
        || node.typeBefore().isEmpty()
        || node.typeAfter().isEmpty()) {
      return Direction.SAME;
    }
    Optional<InstanceType> before = node.typeBefore().flatMap(InstanceTypes::named);
    Optional<InstanceType> after = node.typeAfter().flatMap(InstanceTypes::named);
    if (before.isEmpty() || after.isEmpty()) {
      return Direction.OTHER;
    }
    int cpu = Integer.compare(after.get().cpu(), before.get().cpu());
    int memory = after.get().memory().compareTo(before.get().memory());
    if (cpu >= 0 && memory >= 0 && cpu + memory > 0) {
      return Direction.BIGGER;
    }
    return cpu <= 0 && memory <= 0 && cpu + memory < 0 ? Direction.SMALLER : Direction.OTHER;
  }

  /** Both types, where the new one has less memory, or nobody knows. */
  static Optional<String> less(NodePlan node) {
    if (!node.typeAfter().isPresent() || direction(node) == Direction.SAME) {
      return Optional.empty();
    }
    Optional<InstanceType> before = node.typeBefore().flatMap(InstanceTypes::named);
    Optional<InstanceType> after = node.typeAfter().flatMap(InstanceTypes::named);
    boolean enough =
        before.isPresent()
            && after.isPresent()
            && after.get().memory().compareTo(before.get().memory()) >= 0;
    return enough ? Optional.empty() : change(node);
  }

  /** Such as {@code c7i.xlarge becomes c7i.2xlarge}. */
  static Optional<String> change(NodePlan node) {
    return direction(node) == Direction.SAME
        ? Optional.empty()
        : Optional.of(
            "%s becomes %s"
                .formatted(
                    Quote.shorten(node.typeBefore().get(), 40),
                    Quote.shorten(node.typeAfter().get(), 40)));
  }
}
