package stacks.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.review.BackupAge;
import stacks.review.Expected;
import stacks.review.Review;
import stacks.review.Reviewer;
import stacks.review.UnreadablePlan;

/** Where the verbs get reviews of plans from. */
final class Reviews {
  /** Name of the plan that is kept for people, in the stack's folder. */
  static final String KEPT = "plan";

  private Reviews() {}

  /** Remembers what the environment's file said when a plan was made of it. */
  static void keep(Cluster cluster) {
    try {
      Files.writeString(said(cluster), cluster.environment().toString());
    } catch (IOException e) {
      throw Failure.missing("%s cannot be written".formatted(said(cluster)), e);
    }
  }

  private static Path said(Cluster cluster) {
    return Synth.stack(SynthCommand.outdir(), cluster.name()).resolve("plan.environment");
  }

  /** Of the plan that {@code plan} has kept. */
  static Review kept(Cluster cluster, boolean approved) {
    Path stack = Synth.stack(SynthCommand.outdir(), cluster.name());
    if (!Files.exists(stack.resolve(KEPT))) {
      throw Failure.missing(
          "there is no plan of %1$s (%2$s); make one with: ./rediform plan %1$s"
              .formatted(cluster.name(), stack.resolve(KEPT)));
    }
    try {
      if (!Files.readString(said(cluster)).equals(cluster.environment().toString())) {
        throw Failure.missing(
            "the plan that is kept was made when the file of %1$s said something else; make a new one with: ./rediform plan %1$s"
                .formatted(cluster.name()));
      }
    } catch (IOException e) {
      throw Failure.missing(
          "nobody knows what the plan that is kept was made of; make a new one with: ./rediform plan "
              + cluster.name(),
          e);
    }
    return of(cluster, KEPT, approved, anew(cluster));
  }

  /**
   * Of a plan that this very command has made.
   *
   * @param plan the file's name in the stack's folder
   */
  static Review made(Cluster cluster, String plan, boolean approved) {
    Path stack = Synth.stack(SynthCommand.outdir(), cluster.name());
    try {
      return of(cluster, plan, approved, List.of(Expected.of(stack)));
    } catch (IOException e) {
      throw Failure.missing("what was written to %s cannot be read".formatted(stack), e);
    }
  }

  private static Review of(
      Cluster cluster, String plan, boolean approved, List<Expected> expected) {
    Path stack = Synth.stack(SynthCommand.outdir(), cluster.name());
    return Tool.terraform(stack, "show", "-json", plan).stream(
        json -> of(json, cluster, approved, () -> BackupLines.age(cluster), expected));
  }

  /**
   * What this rediform makes of the environment's file, whatever lies in its folder; and the same
   * for a first deploy.
   */
  private static List<Expected> anew(Cluster cluster) {
    try {
      Path folder = Files.createTempDirectory("rediform-review");
      try {
        List<Expected> both = new ArrayList<>();
        for (boolean first : new boolean[] {false, true}) {
          Synth.write(folder, List.of(cluster), first);
          both.add(Expected.of(Synth.stack(folder, cluster.name())));
        }
        return both;
      } finally {
        try (Stream<Path> files = Files.walk(folder)) {
          files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw Failure.missing(
          "cannot write to the temporary folder %s: %s; make room for it there"
              .formatted(System.getProperty("java.io.tmpdir"), e.getMessage()),
          e);
    }
  }

  /** Of a plan's JSON, which may be of any time and place: no node is asked. */
  static Review of(InputStream json, Cluster cluster, boolean approved) {
    return of(json, cluster, approved, Optional::empty, anew(cluster));
  }

  private static Review of(
      InputStream json,
      Cluster cluster,
      boolean approved,
      Supplier<Optional<BackupAge>> backups,
      List<Expected> expected) {
    try {
      return Reviewer.review(
              new BufferedInputStream(json), cluster, LocalDate.now(), approved, backups, expected)
          .withWarnings(Environments.warnings(cluster));
    } catch (UnreadablePlan e) {
      throw Failure.missing(e.getMessage(), e);
    } catch (IOException e) {
      throw Failure.missing(
          "this is not the output of terraform show -json PLAN, or not all of it: "
              + e.getMessage(),
          e);
    }
  }
}
