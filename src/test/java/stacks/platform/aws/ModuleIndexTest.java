package stacks.platform.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import stacks.testing.Golden;

/**
 * jsii reads the names of all 30,000 classes of the AWS package into memory at every start. A file
 * of the same name before it on the class path, with only the classes we use, saves 11 MB and a
 * tenth of a second.
 */
class ModuleIndexTest {
  private static final String INDEX = "com/hashicorp/cdktf/providers/aws/$Module.txt";
  private static final Pattern PACKAGE =
      Pattern.compile("com\\.hashicorp\\.cdktf\\.providers\\.aws\\.([a-z_0-9]+)");

  @Test
  void the_index_has_every_class_of_every_package_we_use_and_no_other() throws IOException {
    Set<String> used = new TreeSet<>();
    try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
      for (Path source : sources.filter(Files::isRegularFile).toList()) {
        for (MatchResult name : PACKAGE.matcher(Files.readString(source)).results().toList()) {
          used.add("=com.hashicorp.cdktf.providers.aws." + name.group(1) + ".");
        }
      }
    }
    assertThat(used).isNotEmpty();
    String ours =
        theirs()
            .lines()
            .filter(line -> used.stream().anyMatch(line::contains))
            .collect(Collectors.joining("\n", "", "\n"));
    Golden.hold(Path.of("src/main/resources", INDEX), ours);
  }

  /** The provider's own index: the one in its jar. */
  private static String theirs() throws IOException {
    for (URL url : Collections.list(ModuleIndexTest.class.getClassLoader().getResources(INDEX))) {
      if (url.getProtocol().equals("jar")) {
        try (var in = url.openStream()) {
          return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
      }
    }
    throw new AssertionError("no provider jar on the class path");
  }
}
