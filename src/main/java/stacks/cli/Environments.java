package stacks.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.environment.EnvironmentFile;
import stacks.environment.Problem;
import stacks.environment.Problems;
import stacks.platform.Platforms;
import stacks.review.ReviewRules;
import stacks.rules.Rule;
import stacks.rules.Rules;
import stacks.values.Nearest;

/** The environment files of the project: finding them, checking them, making clusters of them. */
final class Environments {
  private static final Path FOLDER = Path.of("environments");
  private static final String ENDING = ".yaml";

  private Environments() {}

  /** Names of all environments, sorted. */
  static List<String> names() {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(ENDING))
          .map(name -> name.substring(0, name.length() - ENDING.length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw Failure.no(
          "there is no readable folder " + FOLDER + "; run rediform in the project's own folder");
    }
  }

  /**
   * A file with everything that is wrong with it.
   *
   * @param file the file as read
   * @param cluster what it describes; it means something where there are no errors
   * @param problems what is wrong, in the order of the file
   */
  record Checked(EnvironmentFile file, Cluster cluster, List<Problem> problems) {
    boolean hasErrors() {
      return problems.stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR);
    }

    /** One line per problem, as {@code check} prints them. */
    List<String> lines() {
      return problems.stream().map(file::describe).toList();
    }
  }

  /**
   * Reads and checks an environment.
   *
   * @param name its name, or the path of its file
   */
  static Checked check(String name) {
    Path path = path(name);
    try {
      EnvironmentFile file = EnvironmentFile.read(path);
      Problems problems = file.problems();
      Cluster cluster = Platforms.cluster(file.name(), file.environment());
      check(cluster, problems);
      return new Checked(file, cluster, file.inOrder(problems));
    } catch (IOException e) {
      throw Failure.no(path + " cannot be read: " + e.getMessage());
    }
  }

  private static void check(Cluster cluster, Problems problems) {
    List<Rule> rules = new ArrayList<>(Rules.ALL);
    rules.addAll(Platforms.of(cluster.environment().platform()).rules());
    Rules.check(cluster, rules, ReviewRules.ids(), LocalDate.now(), problems);
  }

  /** What an environment without errors warns of, each as its rule and a message. */
  static List<String> warnings(Cluster cluster) {
    Problems problems = new Problems();
    check(cluster, problems);
    return problems.all().stream()
        .filter(problem -> problem.severity() == Problem.Severity.WARNING)
        .map(problem -> problem.id() + ": " + problem.message())
        .toList();
  }

  /**
   * The cluster of an environment without errors. Warnings go to {@code say}, errors end the
   * command.
   */
  static Cluster cluster(String name, Consumer<String> say) {
    Checked checked = check(name);
    checked.lines().forEach(say);
    return clusterOf(checked);
  }

  /** The same without warnings, for a step of a command that has shown them. */
  static Cluster quietly(String name, Consumer<String> say) {
    Checked checked = check(name);
    if (checked.hasErrors()) {
      checked.lines().forEach(say);
    }
    return clusterOf(checked);
  }

  private static Cluster clusterOf(Checked checked) {
    if (checked.hasErrors()) {
      throw Failure.no(
          checked.file().path() + " has errors (above); nothing was done. Mend them and run again");
    }
    return checked.cluster();
  }

  /** Whether an environment is one of the project's own, which other commands find by its name. */
  static boolean isOurs(String name) {
    Path file = path(name).toAbsolutePath().normalize();
    return file.getParent().equals(FOLDER.toAbsolutePath().normalize());
  }

  private static Path path(String name) {
    boolean isPath = name.endsWith(ENDING) || name.contains("/");
    Path path = isPath ? CallersFolder.path(name) : FOLDER.resolve(name + ENDING);
    if (!Files.isRegularFile(path)) {
      List<String> known = names();
      String nearest =
          Nearest.of(name, known).map(near -> " Did you mean \"" + near + "\"?").orElse("");
      throw Failure.no(
          "there is no environment \"%s\" (%s).%s There are: %s"
              .formatted(name, path, nearest, String.join(", ", known)));
    }
    return path;
  }
}
