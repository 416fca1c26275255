package stacks.testing;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Programs of Debian's packages of Prometheus, which {@code ./verify --prepare} unpacks. */
public final class Prometheus {
  private static final Path UNPACKED =
      Path.of(".rediform", "tools", "prometheus", "usr", "bin").toAbsolutePath();

  private Prometheus() {}

  /** Path of a program such as {@code promtool}; the test is skipped where it is missing. */
  public static String program(String name) {
    Path program =
        Stream.concat(
                Stream.of(UNPACKED.resolve(name)),
                Stream.of(System.getenv("PATH").split(":")).map(folder -> Path.of(folder, name)))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    assumeThat(program).as("%s is missing; to get it: ./verify --prepare", name).isNotNull();
    return program.toString();
  }
}
