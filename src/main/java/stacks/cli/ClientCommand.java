package stacks.cli;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import stacks.clients.ClientSnippet;
import stacks.clients.Language;
import stacks.clients.Library;

@Command(
    name = "client",
    description =
        "Prints what an application needs to connect, with the real addresses and without the password.",
    footer = {
      "",
      "Examples:",
      "  ./rediform client local --language python",
      "  ./rediform client local --language java --library lettuce",
      "  ./rediform client production --library haproxy > haproxy.cfg",
      "",
      "docs/clients.md says what each library does when the master changes."
    })
final class ClientCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Option(
      names = "--language",
      converter = ToLanguage.class,
      completionCandidates = Languages.class,
      description = "One of: ${COMPLETION-CANDIDATES} (default: python, or the library's).")
  private Language language;

  @Option(
      names = "--library",
      converter = ToLibrary.class,
      completionCandidates = Libraries.class,
      description = "One of: ${COMPLETION-CANDIDATES} (default: the language's first).")
  private Library library;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Library chosen = chosen();
    spec.commandLine().getOut().print(ClientSnippet.of(environment.cluster(), chosen));
    spec.commandLine().getOut().flush();
    return ExitCode.FINE;
  }

  private Library chosen() {
    if (library == null) {
      return (language == null ? Language.PYTHON : language).libraries().get(0);
    }
    if (language != null && language != library.language()) {
      throw new ParameterException(
          spec.commandLine(),
          "%s is not for %s: its libraries are %s"
              .formatted(library, language, words(language.libraries())));
    }
    return library;
  }

  private static String words(List<?> values) {
    return values.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  private static final class Languages implements Iterable<String> {
    /** The language of HAProxy is any: that is for the library to say. */
    private static List<Language> all() {
      return Arrays.stream(Language.values()).filter(each -> each != Language.ANY).toList();
    }

    @Override
    public java.util.Iterator<String> iterator() {
      return all().stream().map(Language::id).iterator();
    }
  }

  private static final class Libraries implements Iterable<String> {
    @Override
    public java.util.Iterator<String> iterator() {
      return Stream.of(Library.values()).map(Library::id).iterator();
    }
  }

  private static final class ToLanguage implements ITypeConverter<Language> {
    @Override
    public Language convert(String word) {
      return Language.of(word)
          .filter(Languages.all()::contains)
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "there is no '%s'; there are %s".formatted(word, words(Languages.all()))));
    }
  }

  private static final class ToLibrary implements ITypeConverter<Library> {
    @Override
    public Library convert(String word) {
      return Library.of(word)
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "there is no '%s'; there are %s"
                          .formatted(word, words(List.of(Library.values())))));
    }
  }
}
