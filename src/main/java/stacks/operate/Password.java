package stacks.operate;

/** A password. Printing it by accident shows nothing. */
public record Password(String value) {
  @Override
  public String toString() {
    return "***";
  }
}
