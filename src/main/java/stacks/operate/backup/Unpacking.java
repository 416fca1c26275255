package stacks.operate.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import stacks.operate.Agents;
import stacks.operate.NotPossible;

/**
 * From the object of a backup, as a node reads it from the store, to an RDB file on this machine.
 */
final class Unpacking {
  private static final int BUFFER = 1 << 16;

  private final Backups backups;
  private final Backup backup;
  private final Programs programs;
  private final Path folder;
  private final Pace pace;
  private final MessageDigest sha256 = Sha256.create();
  private long bytes;

  Unpacking(Backups backups, Backup backup, Programs programs, Path folder, Pace pace) {
    this.backups = backups;
    this.backup = backup;
    this.programs = programs;
    this.folder = folder;
    this.pace = pace;
  }

  /**
   * Streams it through decryption and decompression, and compares each form with the manifest. What
   * is found is told in the order in which it explains the rest: an object that is cut off cannot
   * be decrypted either.
   *
   * @param source reads the object
   * @param identity the file with the age key; needed where the backup is encrypted
   * @throws NotPossible when it is not what its manifest says
   * @throws Missing when the way to the node ended before the object did
   */
  void to(Path rdb, Source source, Optional<Path> identity)
      throws IOException, NotPossible, Missing {
    List<ProcessBuilder> commands = new ArrayList<>();
    if (backup.isEncrypted()) {
      commands.add(
          command(
              programs.age().orElseThrow().toString(),
              "-d",
              "-i",
              identity.orElseThrow().toAbsolutePath().toString()));
    }
    commands.add(command(programs.zstd().toString(), "-q", "-dc"));
    List<Process> processes = ProcessBuilder.startPipeline(commands);
    try (Hashed written =
        Hashed.write(
            processes.get(processes.size() - 1).getInputStream(), rdb, backup.rdbBytes())) {
      Agents.Answer answer = source.read(out -> feed(out, processes.get(0).getOutputStream()));
      arrived(answer);
      sameRdb(unpacked(written, processes, commands));
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
  }

  private Hashed.Result unpacked(
      Hashed written, List<Process> processes, List<ProcessBuilder> commands)
      throws IOException, NotPossible, Missing {
    try {
      Hashed.Result result = written.result(() -> pace.say(() -> "unpacks it"));
      for (int i = 0; i < processes.size(); i++) {
        ended(processes.get(i), commands.get(i).command().get(0));
      }
      return result;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Missing("interrupted");
    }
  }

  private void sameRdb(Hashed.Result rdb) throws NotPossible {
    if (rdb.bytes() != backup.rdbBytes() || !rdb.sha256().equals(backup.rdbSha256())) {
      throw new NotPossible(
          "the object is what the manifest says, but the RDB in it is another one: %d bytes, and the manifest has %d, with sha256 %s"
              .formatted(rdb.bytes(), backup.rdbBytes(), backup.rdbSha256()));
    }
  }

  private ProcessBuilder command(String... words) {
    return new ProcessBuilder(words).redirectError(errors(words[0]).toFile());
  }

  private Path errors(String program) {
    return folder.resolve(Path.of(program).getFileName() + ".err");
  }

  /**
   * Counts to the end also when a program of the pipeline has given up: that says what is wrong.
   */
  private void feed(InputStream out, OutputStream in) throws IOException {
    byte[] buffer = new byte[BUFFER];
    boolean wanted = true;
    for (int count = out.read(buffer); count >= 0; count = out.read(buffer)) {
      sha256.update(buffer, 0, count);
      bytes += count;
      wanted = wanted && bytes <= backup.bytes() && write(in, buffer, count);
      pace.say(() -> "reads %s of %s".formatted(Size.of(bytes), Size.of(backup.bytes())));
    }
    try {
      in.close();
    } catch (IOException e) {
      // That program has given up, and its exit code says so.
    }
  }

  private static boolean write(OutputStream in, byte[] buffer, int count) {
    try {
      in.write(buffer, 0, count);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether all came, and just that. */
  private void arrived(Agents.Answer answer) throws NotPossible, Missing {
    String found = HexFormat.of().formatHex(sha256.digest());
    boolean same = found.equals(backup.sha256());
    if (answer.exitCode() != 0) {
      String why =
          answer.out().isBlank() ? "it ended with code " + answer.exitCode() : answer.out();
      if (answer.reached()) {
        throw new NotPossible("%s cannot be read: %s".formatted(backup.object(), why));
      }
      throw new Missing(
          "reading %s ended after %d of %d bytes: %s"
              .formatted(backup.object(), bytes, backup.bytes(), why));
    }
    Optional<Backup> other =
        backups.all().stream()
            .filter(each -> !each.id().equals(backup.id()) && each.sha256().equals(found))
            .findFirst();
    if (!same && other.isPresent()) {
      throw new NotPossible(
          "%s holds the data of another backup: its sha256 is that of %s"
              .formatted(backup.object(), other.get().id()));
    }
    if (bytes < backup.bytes()) {
      throw new NotPossible(
          "%s is cut off: it has %d bytes, and its manifest says %d"
              .formatted(backup.object(), bytes, backup.bytes()));
    }
    if (bytes > backup.bytes()) {
      throw new NotPossible(
          "%s has %d bytes, and its manifest says %d: it was changed, or network.shell has a terminal (such as ssh -t), which changes what goes through it"
              .formatted(backup.object(), bytes, backup.bytes()));
    }
    if (!same) {
      throw new NotPossible(
          "%s is corrupted: its sha256 is %s, and its manifest says %s"
              .formatted(backup.object(), found, backup.sha256()));
    }
  }

  private void ended(Process process, String program)
      throws IOException, InterruptedException, NotPossible {
    if (process.waitFor() == 0) {
      return;
    }
    String said = Files.readString(errors(program), StandardCharsets.UTF_8).strip();
    String why = said.lines().findFirst().orElse("it ended with code " + process.exitValue());
    if (said.contains("no identity matched")) {
      throw new NotPossible(
          "the key in the file of --identity is not one of those that it is encrypted to: "
              + String.join(", ", backup.recipients()));
    }
    throw new NotPossible(
        "%s cannot be unpacked, although it is what its manifest says: %s: %s"
            .formatted(backup.object(), Path.of(program).getFileName(), why));
  }

  /** Gives the object to a reader. */
  interface Source {
    Agents.Answer read(Agents.Reader reader);
  }
}
