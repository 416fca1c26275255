package stacks.platform;

/** Terraform reads every text as a template, a map's keys too; the file's words are none. */
public final class Literal {
  private Literal() {}

  /** A text as Terraform must be given it to mean just that. */
  public static String of(String text) {
    return text.replace("${", "$${").replace("%{", "%%{");
  }
}
