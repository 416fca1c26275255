package stacks.operate.backup;

/** Something that is needed and not there: a node that answers, or a program on this machine. */
public final class Missing extends Exception {
  private static final long serialVersionUID = 1L;

  Missing(String message) {
    super(message);
  }
}
