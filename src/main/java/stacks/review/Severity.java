package stacks.review;

import java.util.Locale;

/** How much a finding weighs. */
public enum Severity {
  /** The plan is not to be applied. */
  BLOCK,
  /** Nor is it, unless somebody has approved of it. */
  APPROVAL,
  /** To be read before it is applied. */
  WARN;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
