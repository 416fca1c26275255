package stacks.operate;

/** Something that cannot be done with a cluster as it is now, with the reason. */
public final class NotPossible extends Exception {
  private static final long serialVersionUID = 1L;

  /** The reason, for a person. */
  public NotPossible(String message) {
    super(message);
  }
}
