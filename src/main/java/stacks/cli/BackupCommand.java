package stacks.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.environment.Environment;
import stacks.operate.backup.Backup;
import stacks.operate.backup.BackupAgents;
import stacks.operate.backup.Backups;
import stacks.operate.backup.Size;
import stacks.operate.backup.Verification;
import stacks.values.Plural;

@Command(
    name = "backup",
    description = "Takes backups, lists them, and proves that one can be restored.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      BackupCommand.Now.class,
      BackupCommand.ListAll.class,
      BackupCommand.Verify.class,
    },
    footer = {
      "",
      "The nodes take backups by themselves, by backup of the environment file. This",
      "verb asks their agents, on AWS through network.shell of the environment file.",
      "",
      "Examples:",
      "  ./rediform backup local now",
      "  ./rediform backup production list",
      "  ./rediform backup production verify --identity backup-key.txt"
    })
final class BackupCommand implements Runnable {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private static final String ROW = "%-34s %-19s  %-18s %12s %10s  %-9s  %s%n";

  @Mixin private EnvironmentArgument environment;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "what to do is missing; it is one of now, list, verify");
  }

  /** The agents of the environment's nodes; ends the command where backups are off. */
  static BackupAgents agents(Cluster cluster) {
    off(cluster)
        .ifPresent(
            why -> {
              throw Failure.no(off(cluster, why));
            });
    return new BackupAgents(
        cluster, Access.agents(cluster, "the nodes' agents take and read backups"));
  }

  private static String off(Cluster cluster, String why) {
    return "%s takes no backups: %s".formatted(cluster.name(), why);
  }

  /** Why an environment has no backups by its file, and how to switch them on; empty if it has. */
  static Optional<String> off(Cluster cluster) {
    Environment.Backup backup = cluster.environment().backup();
    String then = ", and deploy: ./rediform deploy " + cluster.name();
    return backup.enabled()
        ? Optional.empty()
        : Optional.of("backup.enabled is false in its file; set it to true" + then);
  }

  private static String when(Optional<Instant> time) {
    return time.map(TIME::format).orElse("?");
  }

  @Command(
      name = "now",
      description = {
        "Takes a backup on the first healthy replica, or on the master if there is none."
      },
      footer = {
        "",
        "Exit code 0 when the store has it, 1 when there is no backup, 3 when no node answers.",
        "",
        "Example:",
        "  ./rediform backup local now"
      })
  static final class Now implements Callable<Integer> {
    @ParentCommand private BackupCommand backup;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      BackupAgents agents = agents(backup.environment.cluster());
      BackupAgents.Taken taken = Operation.of(() -> agents.now(Progress.of(spec)));
      spec.commandLine().getOut().println(line(taken));
      return ExitCode.FINE;
    }
  }

  static String line(BackupAgents.Taken taken) {
    return "%s: %d keys, %s, on %s"
        .formatted(
            taken.backup().id(),
            taken.backup().totalKeys(),
            Size.of(taken.backup().bytes()),
            taken.place());
  }

  @Command(
      name = "list",
      description = "Lists the backups, the newest last.",
      footer = {"", "Example:", "  ./rediform backup production list"})
  static final class ListAll implements Callable<Integer> {
    @ParentCommand private BackupCommand backup;

    @Option(names = "--json", description = "Reports as JSON.")
    private boolean json;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      Cluster cluster = backup.environment.cluster();
      Backups backups = Operation.of(() -> agents(cluster).list()).backups();
      if (json) {
        out.println(Json.write(report(cluster.name(), backups)));
      } else {
        print(cluster.name(), backups, out);
      }
      return ExitCode.FINE;
    }
  }

  static void print(String environment, Backups backups, PrintWriter out) {
    if (backups.all().isEmpty()) {
      out.printf(
          "%s has no backup yet; to take one: ./rediform backup %s now%n",
          backups.place(), environment);
    } else {
      out.printf(ROW, "ID", "WHEN (UTC)", "FROM", "KEYS", "SIZE", "ENCRYPTED", "PROVEN (UTC)");
      for (Backup each : backups.all()) {
        out.printf(
            ROW,
            each.id(),
            when(each.started()),
            each.node() + ", " + each.role(),
            each.totalKeys(),
            Size.of(each.bytes()),
            each.isEncrypted() ? "yes" : "no",
            each.proof().map(proof -> when(proof.at())).orElse("no"));
      }
      out.println();
      out.printf("%s on %s%n", Plural.of(backups.all().size(), "backup"), backups.place());
    }
    backups
        .failure()
        .ifPresent(
            failure ->
                out.printf(
                    "the last attempt failed, %s UTC: %s%n", when(failure.at()), failure.reason()));
  }

  static Map<String, Object> report(String environment, Backups backups) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("environment", environment);
    report.put("place", backups.place());
    List<Map<String, Object>> all = new ArrayList<>();
    backups.all().forEach(each -> all.add(report(each)));
    report.put("backups", all);
    report.put(
        "failure",
        backups
            .failure()
            .map(
                failure -> {
                  Map<String, Object> fields = new LinkedHashMap<>();
                  fields.put("at", failure.at().map(Instant::toString).orElse(null));
                  fields.put("reason", failure.reason());
                  return fields;
                })
            .orElse(null));
    return report;
  }

  private static Map<String, Object> report(Backup backup) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", backup.id());
    fields.put("started", backup.started().map(Instant::toString).orElse(null));
    fields.put("ended", backup.ended().map(Instant::toString).orElse(null));
    fields.put("node", backup.node());
    fields.put("role", backup.role());
    fields.put("object", backup.object());
    fields.put("bytes", backup.bytes());
    fields.put("rdbBytes", backup.rdbBytes());
    fields.put("redisVersion", backup.redisVersion());
    fields.put("keys", backup.keys());
    fields.put("recipients", backup.recipients());
    fields.put("proof", backup.proof().map(BackupCommand::report).orElse(null));
    return fields;
  }

  private static Map<String, Object> report(Backup.Proof proof) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", proof.id());
    fields.put("at", proof.at().map(Instant::toString).orElse(null));
    fields.put("seconds", proof.seconds());
    fields.put("keys", proof.keys());
    fields.put("digest", proof.digest());
    fields.put("redisVersion", proof.redisVersion());
    fields.put("host", proof.host());
    return fields;
  }

  @Command(
      name = "verify",
      description = {
        "Restores a backup into a Redis on this machine, compares it with its manifest, and stores"
            + " the proof. The cluster is not touched."
      },
      footer = {
        "",
        "It needs redis-server, redis-check-rdb and zstd on this machine, age where the",
        "backup is encrypted, and about three times the RDB's size of memory.",
        "Exit code 0 when it is proven, 1 when the backup is not good, 3 when something",
        "is missing.",
        "",
        "Examples:",
        "  ./rediform backup local verify",
        "  ./rediform backup production verify 20261128T135200Z-redis-2 --identity backup-key.txt"
      })
  static final class Verify implements Callable<Integer> {
    @ParentCommand private BackupCommand backup;

    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "ID",
        description = "The backup (default: the newest).")
    private String id;

    @Option(
        names = "--identity",
        paramLabel = "FILE",
        description = "File with the age key that decrypts it.")
    private Path identity;

    @Option(
        names = "--if-enabled",
        description = "Succeeds with a line where the environment file has no backups.")
    private boolean ifEnabled;

    @Option(names = "--json", description = "Reports as JSON.")
    private boolean json;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      if (identity != null && !Files.isReadable(identity)) {
        throw Failure.usage(
            "--identity must name a readable file with an age key; %s is none".formatted(identity));
      }
      Cluster cluster = backup.environment.cluster();
      Optional<String> off = off(cluster);
      if (ifEnabled && off.isPresent()) {
        out.println(off(cluster, off.get()));
        return ExitCode.FINE;
      }
      Verification verification =
          new Verification(cluster.name(), agents(cluster), Progress.of(spec));
      Backup.Proof proof =
          Operation.of(
              () -> verification.run(Optional.ofNullable(id), Optional.ofNullable(identity)));
      out.println(json ? Json.write(report(proof)) : line(proof));
      return ExitCode.FINE;
    }
  }

  static String line(Backup.Proof proof) {
    return String.format(
        Locale.ROOT,
        "%s can be restored: Redis %s loaded its %d keys, in %.1f s altogether",
        proof.id(),
        proof.redisVersion(),
        proof.keys().values().stream().mapToLong(Long::longValue).sum(),
        proof.seconds());
  }
}
