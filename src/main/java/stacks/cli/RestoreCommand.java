package stacks.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import stacks.cluster.Cluster;
import stacks.operate.Agents;
import stacks.operate.backup.Restore;
import stacks.values.Durations;

@Command(
    name = "restore",
    description = {
      "Replaces all data of a cluster by that of a backup, of an RDB file, or of a moment before an"
          + " accident. Nothing restarts; writes fail while it goes on."
    },
    footer = {
      "",
      "All databases, their times to live, and functions are replaced. Users, passwords",
      "and settings are those of the environment file, and stay. What the cluster holds",
      "goes into a backup first; what clients write after that backup is lost, so stop",
      "them before.",
      "",
      "It runs a command on the master, on AWS through network.shell of the environment",
      "file. Killed at any time, each node has all of the old data or all of the new;",
      "run the same command again.",
      "",
      "--at takes the history that data nodes keep (backup.undo), for as far back as",
      "./rediform status says, and needs redis-server and memory for the data on this",
      "machine. All that was written up to the end of that second is there.",
      "",
      "Exit code 0 when the cluster is whole with the data, 1 when it was refused or",
      "failed, 3 when something is missing.",
      "",
      "Examples:",
      "  ./rediform restore local latest --replace-data",
      "  ./rediform restore local --at 2026-11-28T13:51:59Z --replace-data",
      "  ./rediform restore local --at 10m --replace-data",
      "  ./rediform restore production 20261128T135200Z-redis-2 --identity backup-key.txt",
      "  ./rediform restore local --from dump.rdb",
      "  ./rediform restore production latest --into staging --replace-data"
    })
final class RestoreCommand implements Callable<Integer> {
  private static final String LATEST = "latest";

  @Mixin private EnvironmentArgument environment;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "ID",
      description = "The backup, or latest for the newest; ./rediform backup ENV list shows them.")
  private String id;

  @Option(
      names = "--from",
      paramLabel = "FILE",
      description = "An RDB file on this machine, in place of a backup.")
  private Path from;

  @Option(
      names = "--at",
      paramLabel = "TIME",
      converter = Moment.class,
      description =
          "The moment that the data is put back to, in place of a backup: a time with its zone, or"
              + " how long ago.")
  private Instant at;

  @Option(
      names = "--into",
      paramLabel = "NEW",
      description =
          "Restores the cluster of another environment, by name or file, from ENV's backup. ENV is"
              + " not changed; all that is said of the cluster below is said of NEW.")
  private String into;

  @Option(
      names = "--replace-data",
      description = "What the cluster holds may go; without it only an empty cluster is restored.")
  private boolean replace;

  @Option(
      names = "--no-safety-backup",
      description = "Does not take a backup of what the cluster holds before.")
  private boolean unsafe;

  @Option(
      names = "--identity",
      paramLabel = "FILE",
      description = "File with the age key that decrypts it. It stays on this machine.")
  private Path identity;

  @Option(
      names = {"--yes", "-y"},
      description = "Skips the confirmation prompt. Local environments never prompt.")
  private boolean yes;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = WaitCommand.Time.class,
      defaultValue = "5m",
      description =
          "How long the cluster may take to be whole afterwards (default: ${DEFAULT-VALUE}).")
  private Duration timeout;

  @Option(names = "--json", description = "Reports as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** A moment, in whole seconds: an age, or a time with its zone. */
  static final class Moment implements ITypeConverter<Instant> {
    @Override
    public Instant convert(String text) {
      Instant moment;
      try {
        moment = Instant.now().minus(Durations.parse(text));
      } catch (IllegalArgumentException noAge) {
        try {
          moment = OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException e) {
          throw new TypeConversionException(
              "'%s' is neither a time with its zone, such as 2026-11-28T13:51:59Z or 2026-11-28T14:51:59+01:00, nor how long ago: %s"
                  .formatted(text, Durations.FORM));
        }
      }
      return moment.truncatedTo(ChronoUnit.SECONDS);
    }
  }

  @Override
  public Integer call() {
    checkUsage();
    Cluster named = environment.cluster();
    Cluster cluster = into == null ? named : other(named);
    if (!cluster.isLocal() && !yes && System.console() == null) {
      throw Failure.usage("there is no terminal to ask on; if all data may be replaced: --yes");
    }
    Agents agents = Access.agents(cluster, "a restore runs a command on the master");
    Restore.Source source =
        from != null
            ? new Restore.Source.Dump(from)
            : at != null
                ? new Restore.Source.Moment(at)
                : new Restore.Source.Store(
                    Optional.of(id).filter(given -> !given.equals(LATEST)),
                    Optional.ofNullable(identity));
    Consumer<String> say = Progress.of(spec);
    Restore restore =
        into == null
            ? new Restore(cluster, agents, say)
            : new Restore(cluster, agents, BackupCommand.agents(named), say);
    Restore.Report report =
        Operation.of(
            () ->
                restore.run(
                    new Restore.Order(source, replace, !unsafe, timeout),
                    (name, keys) -> confirm(cluster, name, keys)));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.write(fields(cluster, report)));
    } else {
      print(cluster, report, out);
    }
    return ExitCode.FINE;
  }

  private Cluster other(Cluster named) {
    Cluster other = Environments.cluster(into, spec.commandLine().getErr()::println);
    if (other.name().equals(named.name())) {
      throw Failure.usage(
          "--into names %s itself; leave it out to restore %s".formatted(into, named.name()));
    }
    return other;
  }

  private void checkUsage() {
    long named = Stream.of(id, from, at).filter(Objects::nonNull).count();
    if (named != 1) {
      throw Failure.usage(
          "what to restore is "
              + (named == 0 ? "missing" : "named twice")
              + ": the ID of a backup, latest, or --from FILE, or --at TIME");
    }
    if (at != null && at.isAfter(Instant.now())) {
      throw Failure.usage("--at must name a moment of the past; %s is none".formatted(at));
    }
    if (into != null && at != null) {
      throw Failure.usage(
          "--into takes a backup of ENV, and --at the history of the cluster itself; leave one out");
    }
    if (into != null && from != null) {
      throw Failure.usage(
          "--into takes a backup of ENV; to restore a file name its cluster: ./rediform restore %s --from %s"
              .formatted(into, from));
    }
    for (Path file : new Path[] {from, identity}) {
      if (file != null && (!Files.isRegularFile(file) || !Files.isReadable(file))) {
        throw Failure.usage(
            "%s must name a readable file; %s is none"
                .formatted(file == from ? "--from" : "--identity", file));
      }
    }
  }

  private void confirm(Cluster cluster, String name, SortedMap<Integer, Long> keys) {
    Ask.orEnd(
        cluster,
        yes,
        "%s replaces all data of %s (%s). Only 'yes' goes on: ",
        name,
        cluster.name(),
        told(keys));
  }

  static void print(Cluster cluster, Restore.Report report, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%s has the data of %s: %s, in %.1f s; the cluster is whole%n",
        cluster.name(),
        report.id(),
        told(report.keys()),
        report.seconds());
    report
        .saved()
        .ifPresent(
            taken ->
                out.printf(
                    "what it held before (%s) is in %s on %s%n",
                    told(report.replaced()), taken.backup().id(), taken.place()));
    if (!report.differing().isEmpty()) {
      out.printf(
          "the number of keys is not that of %s on: %s. Clients that write explain that%n",
          report.master(),
          report.differing().entrySet().stream()
              .map(each -> each.getKey() + " (" + each.getValue() + ")")
              .collect(Collectors.joining(", ")));
    }
  }

  private static String told(SortedMap<Integer, Long> keys) {
    long all = keys.values().stream().mapToLong(Long::longValue).sum();
    String each =
        keys.entrySet().stream()
            .map(one -> "database %d: %d".formatted(one.getKey(), one.getValue()))
            .collect(Collectors.joining(", "));
    return keys.isEmpty() ? "no key" : all + " keys (" + each + ")";
  }

  private static Map<String, Object> fields(Cluster cluster, Restore.Report report) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("environment", cluster.name());
    fields.put("id", report.id());
    fields.put("master", report.master());
    fields.put("keys", report.keys());
    fields.put("replaced", report.replaced());
    fields.put("safetyBackup", report.saved().map(taken -> taken.backup().id()).orElse(null));
    fields.put("place", report.saved().map(taken -> taken.place()).orElse(null));
    fields.put("differing", report.differing());
    fields.put("seconds", report.seconds());
    return fields;
  }
}
