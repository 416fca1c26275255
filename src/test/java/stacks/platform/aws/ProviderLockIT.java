package stacks.platform.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.Synth;
import stacks.testing.Environments;
import stacks.testing.Terraform;

/** What Terraform makes of the lock file that is kept. */
class ProviderLockIT {
  @TempDir Path out;
  private Path lock;
  private Terraform terraform;

  @BeforeEach
  void synthesize() throws Exception {
    assumeTrue(Terraform.isPossible(), "Terraform is missing");
    Synth.write(out, List.of(Environments.cluster("staging")));
    Path stack = Synth.stack(out, "staging");
    lock = stack.resolve(ProviderLock.FILE);
    terraform = new Terraform(stack, Map.of());
  }

  @Test
  void init_takes_just_this_provider() throws Exception {
    terraform.init("-backend=false", "-lockfile=readonly");
    terraform.validate();
    assertThat(lock).hasContent(ProviderLock.text());
  }

  @Test
  void checksums_that_terraform_finds_are_in_it() throws Exception {
    String version = line("  version ");
    Files.writeString(
        lock, "provider \"registry.terraform.io/hashicorp/aws\" {\n" + version + "\n}\n");
    terraform.lockProviders("linux_amd64");
    assertThat(ProviderLock.text().lines()).containsAll(Files.readAllLines(lock));
  }

  @Test
  void synth_writes_it_again_over_another() throws IOException {
    Files.writeString(lock, "# another\n");
    Synth.write(out, List.of(Environments.cluster("staging")));
    assertThat(lock).hasContent(ProviderLock.text());
  }

  private static String line(String start) {
    return ProviderLock.text().lines().filter(each -> each.startsWith(start)).findFirst().get();
  }
}
