package stacks.environment;

/** Where an environment runs. */
public enum Platform {
  /** Virtual machines in Amazon EC2. */
  AWS,
  /** Processes on this machine, to try things out. */
  LOCAL
}
