package stacks.platform.aws;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The version of the AWS provider that every deploy uses, with the checksums of all its platforms
 * (docs/decisions/0025).
 */
final class ProviderLock {
  /** Where Terraform and the CDKTF CLI look for it, relative to the stack's {@code cdk.tf.json}. */
  static final String FILE = ".terraform.lock.hcl";

  /** The file that Terraform wrote, kept with the source. */
  private static final String KEPT = "/terraform/providers.lock.hcl";

  private ProviderLock() {}

  /** Terraform's dependency lock file. */
  static String text() {
    try (InputStream in = ProviderLock.class.getResourceAsStream(KEPT)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
