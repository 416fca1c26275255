package stacks.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * All that Terraform printed, as it came, for the owner's eyes only. It begins anew with each verb;
 * that of the verb before stays beside it.
 */
final class TerraformLog {
  private static final String NAME = "terraform.log";

  /** Begins a line that is not Terraform's. */
  static final String NOTE = "# ";

  private final Path file;
  private final Consumer<String> say;
  private OutputStream out;
  private boolean isBroken;

  /**
   * A log that is made once there is something to write.
   *
   * @param folder the folder of the stack
   * @param say told once when it cannot be written; that ends nothing
   */
  TerraformLog(Path folder, Consumer<String> say) {
    this.file = folder.resolve(NAME);
    this.say = say;
  }

  /** Where it is. */
  Path file() {
    return file;
  }

  /** A command of Terraform begins. */
  void begin(List<String> words) {
    line(NOTE + Instant.now() + " terraform " + String.join(" ", words));
  }

  /** It has ended. */
  void end(int code) {
    line(NOTE + Instant.now() + " ended with code " + code);
  }

  /** Writes a line. */
  void line(String line) {
    if (isBroken) {
      return;
    }
    try {
      if (out == null) {
        out = open();
      }
      out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      isBroken = true;
      say.accept("%s cannot be written: %s".formatted(file, e.getMessage()));
    }
  }

  /** A run that is still at the old one goes on with it under its new name. */
  private OutputStream open() throws IOException {
    if (Files.exists(file)) {
      Files.move(file, file.resolveSibling(NAME + ".before"), StandardCopyOption.REPLACE_EXISTING);
    }
    return Channels.newOutputStream(
        Files.newByteChannel(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
  }
}
