package stacks.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A project folder of its own, with the real launcher, jar and npm packages: what a test deploys in
 * it touches nothing of the checkout.
 */
public final class Project implements AutoCloseable {
  private static final Path CHECKOUT = Path.of("").toAbsolutePath();

  private final Path folder;

  private Project(Path folder) {
    this.folder = folder;
  }

  /** A new project without environments. */
  public static Project create() throws IOException {
    return in(Files.createTempDirectory("rediform-test"));
  }

  /** The same in a folder that is there. */
  public static Project in(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("environments"));
    for (String name :
        List.of(
            "cdktf.json",
            "node_modules",
            "package-lock.json",
            "package.json",
            "pom.xml",
            "src",
            "target")) {
      Files.createSymbolicLink(folder.resolve(name), CHECKOUT.resolve(name));
    }
    // The launcher works in its own folder, so it must be a file here and not a link.
    Files.copy(
        CHECKOUT.resolve("rediform"),
        folder.resolve("rediform"),
        StandardCopyOption.COPY_ATTRIBUTES);
    return new Project(folder);
  }

  /** Makes this project one of another release: its agent does the same, and has other bytes. */
  public void release(String name) throws IOException, InterruptedException {
    Path target = folder.resolve("target");
    if (Files.isSymbolicLink(target)) {
      Files.delete(target);
      Files.createDirectory(target);
      Files.createSymbolicLink(target.resolve("lib"), CHECKOUT.resolve("target/lib"));
    }
    Path jar = target.resolve("rediform.jar");
    Files.copy(CHECKOUT.resolve("target/rediform.jar"), jar, StandardCopyOption.REPLACE_EXISTING);
    try (FileSystem inside = FileSystems.newFileSystem(jar);
        Stream<Path> files = Files.walk(inside.getPath("/templates"))) {
      for (Path program : files.filter(file -> file.endsWith("__main__.py")).toList()) {
        Files.writeString(program, "# Release " + name + "\n", StandardOpenOption.APPEND);
      }
    }
    rediform("--help").succeeded(); // the launcher makes an archive of the new jar's classes
  }

  /** A new project with the same environments, and with all that Terraform and CDKTF keep. */
  public Project copy() throws IOException {
    Project copy = create();
    for (String name : List.of("environments", ".rediform", "cdktf.out")) {
      Path source = folder.resolve(name);
      if (Files.exists(source)) {
        copyAll(source, copy.folder.resolve(name));
      }
    }
    return copy;
  }

  /** Links stay links: a provider may be one, and it is large. */
  private static void copyAll(Path source, Path target) throws IOException {
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.toList()) {
        Path copied = target.resolve(source.relativize(file));
        if (!Files.isDirectory(copied)) {
          Files.copy(file, copied, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
        }
      }
    }
  }

  public Path folder() {
    return folder;
  }

  /**
   * Variables that make {@code terraform init} take providers from {@code REDIFORM_TF_MIRROR}, the
   * folder that holds {@code registry.terraform.io}; none where there is no mirror.
   */
  public Map<String, String> providerMirror() throws IOException {
    String mirror = System.getenv("REDIFORM_TF_MIRROR");
    if (mirror == null) {
      return Map.of();
    }
    Path config = folder.resolve("terraform.rc");
    Files.writeString(
        config,
        "provider_installation {\n  filesystem_mirror {\n    path = \"" + mirror + "\"\n  }\n}\n");
    return Map.of(
        "TF_CLI_CONFIG_FILE",
        config.toString(),
        // A cache of its own in the home folder is none of a test's business.
        "CDKTF_DISABLE_PLUGIN_CACHE_ENV",
        "1");
  }

  /** Writes an environment file. */
  public Project environment(String name, String text) throws IOException {
    Files.writeString(folder.resolve("environments").resolve(name + ".yaml"), text);
    return this;
  }

  /** A small local cluster on twelve ports from {@code port} on, which fails over quickly. */
  public static String smallLocal(int port) {
    return """
        platform: local
        redis: {port: %d}
        master: {memory: 512mb, maxmemory: 64mb}
        sentinels: {port: %d, downAfter: 2s}
        """
        .formatted(port, port + 6);
  }

  /** Runs {@code ./rediform}. */
  public Run rediform(String... words) throws IOException, InterruptedException {
    return rediform(Map.of(), words);
  }

  /** Runs {@code ./rediform} with more environment variables. */
  public Run rediform(Map<String, String> environment, String... words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("./rediform"));
    command.addAll(List.of(words));
    return Run.of(folder, environment, command);
  }

  /** Runs Terraform on a synthesized stack. */
  public Run terraform(String environment, String... words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("terraform"));
    command.addAll(List.of(words));
    return Run.of(folder.resolve("cdktf.out/stacks/" + environment), Map.of(), command);
  }

  /** The first of {@code count} consecutive ports of 127.0.0.1 that are free now. */
  public static int freePorts(int count) {
    return freePorts(20000, count);
  }

  /** The same among 10,000 ports from {@code from} on. */
  public static int freePorts(int from, int count) {
    for (int first = from; first < from + 10000; first += count) {
      if (allFree(first, count)) {
        return first;
      }
    }
    throw new IllegalStateException("no " + count + " free ports in a row");
  }

  private static boolean allFree(int first, int count) {
    for (int port = first; port < first + count; port++) {
      try (ServerSocket probe = new ServerSocket()) {
        probe.setReuseAddress(true);
        probe.bind(new java.net.InetSocketAddress("127.0.0.1", port));
      } catch (IOException e) {
        return false;
      }
    }
    return true;
  }

  /** Processes whose command line names this project's folder. */
  public List<ProcessHandle> processes() {
    return ProcessHandle.allProcesses()
        .filter(process -> commandLine(process).contains(folder.toString()))
        .toList();
  }

  /** The words of a process, with a NUL after each; empty once it has ended. */
  public static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(
          Path.of("/proc/" + process.pid() + "/cmdline"),
          java.nio.charset.StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  /** Ends what a failed test left running, and removes the folder. */
  @Override
  public void close() {
    processes().forEach(ProcessHandle::destroyForcibly);
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
