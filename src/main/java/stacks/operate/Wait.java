package stacks.operate;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.operate.Gate.Verdict;

/** Waits at a gate, and says for what. */
public final class Wait {
  private static final Duration POLL = Duration.ofSeconds(1);

  /**
   * How long nothing at all may answer: a machine that boots is silent for a minute, and one that
   * cannot be reached from here for ever.
   */
  private static final Duration SILENCE = Duration.ofMinutes(2);

  /**
   * After this time without news, the same is said again, so that a person sees that it goes on.
   */
  private static final Duration REMINDER = Duration.ofSeconds(30);

  /**
   * In between only the nodes that are not fit are asked, as long as there are such, and answer
   * when they are: the others serve, and a login over SSH costs a tenth of a second of a CPU.
   */
  private static final Duration REFRESH = Duration.ofSeconds(30);

  /**
   * How long a node may look at what it is told, and then how long it may take to be fit; news from
   * it comes no later than twice that.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** Problems in one line; a person reads no more than that. */
  private static final int BRIEF = 3;

  /** How long a Sentinel may take to forget; it is one command. */
  private static final Duration FORGETTING = Duration.ofSeconds(10);

  private final Look look;
  private final Optional<Agents> agents;
  private final Consumer<String> say;

  /**
   * What came of it.
   *
   * @param ready whether the gate opened
   * @param problems why it did not
   */
  public record Outcome(boolean ready, Duration waited, List<String> problems) {}

  /**
   * Someone who waits.
   *
   * @param agents by which Sentinels can be made to forget nodes that are gone
   * @param say told of every change in what is waited for
   */
  public Wait(Look look, Optional<Agents> agents, Consumer<String> say) {
    this.look = look;
    this.agents = agents;
    this.say = say;
  }

  /** Waits until a gate opens, at most for {@code timeout}. */
  public Outcome at(Gate gate, Duration timeout) {
    Cluster there = gate.toLookAt();
    long start = System.nanoTime();
    long spoke = start;
    long answered = start;
    String said = "";
    ClusterStatus status = look.at(there);
    Set<String> refusing = gate.refusing(status);
    if (!refusing.isEmpty()) {
      status = status.with(look.whenFit(there.only(refusing), shorter(PATIENCE, timeout)), there);
    }
    long lookedAtAll = start;
    boolean isFirst = true; // the look above is new: those that it is about are asked at once
    while (true) {
      Verdict verdict = gate.judge(status);
      long now = System.nanoTime();
      Duration waited = Duration.ofNanos(now - start);
      if (verdict.refusal().isPresent()) {
        return new Outcome(false, waited, List.of(verdict.refusal().get()));
      }
      if (verdict.isOpen() && !forgets(verdict, there)) {
        return new Outcome(true, waited, List.of());
      }
      if (!verdict.unreached()) {
        answered = now;
      }
      boolean silent = now - answered > SILENCE.toNanos();
      if (silent || waited.compareTo(timeout) >= 0) {
        return new Outcome(false, waited, reasons(verdict));
      }
      String news = brief(verdict.problems());
      if (!news.isEmpty() && (!news.equals(said) || now - spoke > REMINDER.toNanos())) {
        say.accept("waits, %d s so far: %s".formatted(waited.toSeconds(), news));
        said = news;
        spoke = now;
      }
      if (!isFirst) {
        LockSupport.parkNanos(POLL.toNanos());
      }
      isFirst = false;
      boolean all = now - lookedAtAll > REFRESH.toNanos();
      Set<String> unfit = all ? Set.of() : gate.unfit(status);
      if (!unfit.isEmpty()) {
        Duration patience = shorter(PATIENCE, timeout.minus(waited));
        status = status.with(look.whenFit(there.only(unfit), patience), there);
      }
      if (gate.unfit(status).isEmpty() || all) {
        status = look.at(there);
        lookedAtAll = System.nanoTime();
      }
    }
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** The first problems of many, in one line; the others mostly follow from them. */
  public static String brief(List<String> problems) {
    String first = String.join("; ", problems.subList(0, Math.min(BRIEF, problems.size())));
    return problems.size() > BRIEF
        ? first + "; and %d more".formatted(problems.size() - BRIEF)
        : first;
  }

  private static List<String> reasons(Verdict verdict) {
    return verdict.problems().isEmpty()
        ? verdict.mustForget().map(name -> name + " has nodes in mind that are gone").stream()
            .toList()
        : verdict.problems();
  }

  /** Whether a Sentinel was made to forget; then all must be looked at once more. */
  private boolean forgets(Verdict verdict, Cluster there) {
    if (verdict.mustForget().isEmpty()) {
      return false;
    }
    String name = verdict.mustForget().get();
    if (agents.isEmpty()) {
      say.accept(
          name
              + " has nodes in mind that are gone; on each Sentinel in turn, once all are seen again:"
              + " sudo rediform-node forget");
      return false;
    }
    Agents.Answer answer = agents.get().ask(there.node(name).orElseThrow(), FORGETTING, "forget");
    say.accept(
        answer.exitCode() == 0
            ? name + " forgets the nodes that are gone, and looks anew for the others"
            : name + " could not forget the nodes that are gone: " + answer.out());
    return true;
  }
}
