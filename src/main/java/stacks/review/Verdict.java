package stacks.review;

import java.util.Locale;

/** Whether a plan may be applied. */
public enum Verdict {
  GO,
  /** Somebody must approve of it. */
  APPROVAL,
  BLOCKED;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
