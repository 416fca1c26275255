package stacks.clients;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stacks.testing.ClientProgram;
import stacks.testing.Project;
import stacks.testing.Run;

/** How the programs of {@code src/test/clients/} are made and started with what is printed. */
final class ClientTools implements AutoCloseable {
  private static final Path SOURCES = Path.of("src/test/clients").toAbsolutePath();
  private static final String JARS = SOURCES + "/java/lib/*";

  /** Debian's own Python, for which the libraries are packaged. */
  private static final String PYTHON = "/usr/bin/python3";

  /** Those whose ecosystem Debian, npm or Maven Central has. */
  static final Set<Library> RUN =
      EnumSet.complementOf(EnumSet.of(Library.GO_REDIS, Library.STACKEXCHANGE_REDIS));

  private final Project project;
  private final Path stop;
  private final Map<String, String> environment;
  private final List<Process> besides = new ArrayList<>();

  /**
   * For a cluster that runs.
   *
   * @param port the first of two for HAProxy
   */
  ClientTools(Project project, String password, int port) {
    this.project = project;
    this.stop = project.folder().resolve("stop");
    this.environment =
        Map.of(
            "REDIS_PASSWORD",
            password,
            "REDIS_MASTER_BIND",
            "127.0.0.1:" + port,
            "REDIS_REPLICAS_BIND",
            "127.0.0.1:" + (port + 1),
            "PYTHONDONTWRITEBYTECODE",
            "1");
  }

  /** Prints what an application needs, and starts a program with just that. */
  ClientProgram start(Library library) throws Exception {
    Path folder =
        Files.createDirectories(project.folder().resolve("clients").resolve(library.id()));
    Path snippet = folder.resolve(file(library));
    Files.writeString(
        snippet, project.rediform("client", "local", "--library", library.id()).succeeded().out());
    return ClientProgram.start(
        library.id(), folder, environment, command(library, folder, snippet.toString()));
  }

  /** The name that the text's own first line gives it. */
  private static String file(Library library) {
    return switch (library) {
      case REDIS_PY, DJANGO, CELERY -> library.id().replace('-', '_') + "_settings.py";
      case JEDIS, LETTUCE, REDISSON -> "RedisConnection.java";
      case SPRING -> "application.properties";
      case IOREDIS, NODE_REDIS -> "redis.mjs";
      case PHPREDIS, PREDIS -> "redis.php";
      case REDIS_RB -> "connection.rb";
      case HAPROXY -> "haproxy.cfg";
      case GO_REDIS, STACKEXCHANGE_REDIS -> throw new IllegalArgumentException(library.id());
    };
  }

  private List<String> command(Library library, Path folder, String snippet) throws Exception {
    List<String> command = new ArrayList<>();
    switch (library.language()) {
      case PYTHON -> command.addAll(List.of(PYTHON, SOURCES + "/python/driver.py"));
      case NODE -> {
        Files.createSymbolicLink(
            folder.resolve("node_modules"), SOURCES.resolve("node/node_modules"));
        command.addAll(List.of("node", SOURCES + "/node/driver.mjs"));
      }
      case PHP -> command.addAll(List.of("php", SOURCES + "/php/driver.php"));
      case RUBY -> command.addAll(List.of("ruby", SOURCES + "/ruby/driver.rb"));
      case JAVA -> command.addAll(java(library, folder, snippet));
      case ANY -> {
        beside(folder, "haproxy", "-db", "-f", snippet);
        command.addAll(List.of(PYTHON, SOURCES + "/python/driver.py"));
      }
      default -> throw new IllegalArgumentException(library.id());
    }
    if (library == Library.CELERY) {
      // A supervisor, as the text wants one.
      String worker = "while :; do " + PYTHON + " \"$@\"; sleep 0.2; done";
      beside(folder, "sh", "-c", worker, "worker", SOURCES + "/python/celery_worker.py", snippet);
    }
    command.addAll(List.of(library.id(), snippet, stop.toString()));
    return command;
  }

  private static List<String> java(Library library, Path folder, String snippet) throws Exception {
    String main =
        library.id().substring(0, 1).toUpperCase(java.util.Locale.ROOT)
            + library.id().substring(1)
            + "Driver";
    List<String> compile = new ArrayList<>(List.of("javac", "-nowarn", "-d", "classes", "-cp"));
    compile.add(JARS);
    if (snippet.endsWith(".java")) {
      compile.add(snippet);
    }
    compile.addAll(List.of(SOURCES + "/java/Driver.java", SOURCES + "/java/" + main + ".java"));
    Run.of(folder, Map.of(), compile).succeeded();
    return List.of(
        "java",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx128m",
        "-cp",
        folder.resolve("classes") + ":" + JARS,
        main);
  }

  /** Starts what a program needs beside it. */
  private void beside(Path folder, String... command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("beside.log").toFile());
    builder.environment().putAll(environment);
    besides.add(builder.start());
  }

  /** Tells all programs to end. */
  void stop() throws IOException {
    Files.createFile(stop);
  }

  /**
   * What a program may say in the end, of the node that it reads from. Predis asks the Sentinels
   * anew only after an error, and a replica that was promoted answers without one.
   */
  static List<String> readsFrom(Library library) {
    return switch (library) {
      case CELERY, JEDIS, SPRING -> List.of("read none");
      case PREDIS -> List.of("read slave", "read master");
      default -> List.of("read slave");
    };
  }

  /** The version of a library, as the machine has it. */
  String version(Library library) throws Exception {
    return switch (library) {
      case REDIS_PY -> debian("python3-redis");
      case DJANGO -> debian("python3-django-redis");
      case CELERY -> debian("python3-celery");
      case JEDIS -> jar("jedis");
      case LETTUCE -> jar("lettuce-core");
      case REDISSON -> jar("redisson");
      case SPRING -> jar("spring-boot");
      case IOREDIS -> npm("ioredis");
      case NODE_REDIS -> npm("redis");
      case PHPREDIS -> debian("php-redis");
      case PREDIS -> debian("php-nrk-predis");
      case REDIS_RB -> debian("ruby-redis");
      case HAPROXY -> debian("haproxy");
      case GO_REDIS, STACKEXCHANGE_REDIS -> throw new IllegalArgumentException(library.id());
    };
  }

  private static String debian(String name) throws Exception {
    return Run.of(Path.of("."), Map.of(), "dpkg-query", "-W", "-f=${Version}", name)
        .succeeded()
        .out()
        .replaceAll("^\\d+:", "")
        .replaceAll("[-+].*", "");
  }

  private static String jar(String name) throws IOException {
    try (var jars = Files.list(SOURCES.resolve("java/lib"))) {
      return jars.map(each -> each.getFileName().toString())
          .filter(each -> each.matches(name + "-\\d.*"))
          .findFirst()
          .orElseThrow()
          .replaceAll(name + "-|\\.RELEASE|\\.jar", "");
    }
  }

  private static String npm(String name) throws Exception {
    return Run.of(
            SOURCES.resolve("node"),
            Map.of(),
            "node",
            "-p",
            "require('./node_modules/" + name + "/package.json').version")
        .succeeded()
        .out()
        .strip();
  }

  @Override
  public void close() {
    for (Process each : besides) {
      List<ProcessHandle> children = each.descendants().toList();
      each.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
