package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All that Terraform printed is kept, for its owner. */
class TerraformLogTest {
  @TempDir private Path folder;

  private final List<String> said = new ArrayList<>();

  private TerraformLog log(Path folder, String line) {
    TerraformLog log = new TerraformLog(folder, said::add);
    log.begin(List.of("apply", "plan"));
    log.line(line);
    log.end(1);
    return log;
  }

  @Test
  void only_its_owner_reads_it_and_the_one_before_stays() throws IOException {
    log(folder, "first");
    TerraformLog second = log(folder, "second");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(second.file())))
        .isEqualTo("rw-------");
    assertThat(Files.readString(second.file()))
        .matches("(?s)# \\S+ terraform apply plan\nsecond\n# \\S+ ended with code 1\n");
    assertThat(folder.resolve("terraform.log.before")).content().contains("first");
  }

  @Test
  void one_that_cannot_be_written_is_said_once_and_ends_nothing() {
    log(folder.resolve("not there"), "lost");
    assertThat(said).singleElement().asString().contains("terraform.log cannot be written");
  }
}
