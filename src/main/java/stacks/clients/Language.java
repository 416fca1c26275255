package stacks.clients;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What an application is written in. */
public enum Language {
  PYTHON,
  JAVA,
  NODE,
  PHP,
  RUBY,
  GO,
  DOTNET,
  /** Any of them: the program connects as to a single server. */
  ANY;

  /** Its name in the command line. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Its libraries, the usual one first. */
  public List<Library> libraries() {
    return Arrays.stream(Library.values()).filter(each -> each.language() == this).toList();
  }

  /** The language of a name, as {@link #id()} writes it. */
  public static Optional<Language> of(String id) {
    return Arrays.stream(values()).filter(each -> each.id().equals(id)).findFirst();
  }

  @Override
  public String toString() {
    return id();
  }
}
