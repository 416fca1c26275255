package stacks.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Says what Terraform does: a line for each step that has ended, with its time, what its gate says,
 * and what is under way. The events are Terraform's machine-readable ones.
 */
final class Steps {
  /** A pipe is told that it goes on when nothing was said for this long, and then less often. */
  private static final Duration QUIET = Duration.ofSeconds(10);

  private static final Duration STILL_QUIET = Duration.ofSeconds(20);

  /** A gate that opens sooner has not made anybody wait. */
  private static final Duration AT_ONCE = Duration.ofSeconds(2);

  /** EC2 runs a machine within some 15 seconds. */
  private static final Duration EC2_IS_LATE = Duration.ofSeconds(60);

  private static final String NO_MACHINE_YET =
      ": EC2 has given no machine yet, for want of capacity perhaps, or of quota; it is asked for up"
          + " to three minutes, and then the reason is said";

  /** Terraform warns of {@code -target}, which nobody but this program has asked for. */
  private static final Set<String> OF_OUR_OWN_MAKING =
      Set.of("Resource targeting is in effect", "Applied changes may be incomplete");

  private final String environment;
  private final Progress progress;
  private final InstantSource clock;
  private final Map<String, Step> underWay = new LinkedHashMap<>();
  private final Set<String> warned = new HashSet<>();
  private String command = "";
  private Instant began = Instant.EPOCH;
  private Instant spoke = Instant.EPOCH;
  private boolean reminded;
  private int done;

  /** A step that has begun. */
  private static final class Step {
    private final StepWords words;
    private final Instant start;
    private final boolean isNewMachine;
    private final Set<String> said = new HashSet<>();
    private boolean isOpen;
    private boolean isLate;

    private Step(StepWords words, Instant start, boolean isNewMachine) {
      this.words = words;
      this.start = start;
      this.isNewMachine = isNewMachine;
    }
  }

  /**
   * What Terraform does in an environment.
   *
   * @param clock what time it is
   */
  Steps(String environment, Progress progress, InstantSource clock) {
    this.environment = environment;
    this.progress = progress;
    this.clock = clock;
  }

  /** A command of Terraform begins. */
  synchronized void begin(List<String> words) {
    command = "terraform " + words.get(0);
    began = clock.instant();
    spoke = began;
    reminded = false;
    done = 0;
    underWay.clear();
    progress.measure();
    showLive();
  }

  /** It has ended. */
  synchronized void end(boolean well) {
    progress.erase();
    if (well) {
      String steps = done == 1 ? ": 1 step" : ": %d steps".formatted(done);
      say(command + (done == 0 ? "" : steps), since(began));
    }
  }

  /** A second has passed. */
  synchronized void tick() {
    for (Step step : underWay.values()) {
      if (step.isNewMachine && !step.isLate && since(step.start).compareTo(EC2_IS_LATE) >= 0) {
        step.isLate = true;
        say(step.words.subject() + NO_MACHINE_YET);
      }
    }
    if (!progress.isLive() && since(spoke).compareTo(reminded ? STILL_QUIET : QUIET) >= 0) {
      say("still " + underWay());
      reminded = true;
    }
    showLive();
  }

  /** Terraform says something; errors are for whoever has asked it to do this. */
  synchronized void accept(JsonNode event) {
    switch (event.path("type").asText()) {
      case "apply_start" -> start(event.path("hook"));
      case "provision_progress" -> provisioner(event.path("hook"));
      case "apply_complete" -> end(event.path("hook"), true);
      case "apply_errored" -> end(event.path("hook"), false);
      case "diagnostic" -> warn(event.path("diagnostic"));
      default -> other(event.path("@message").asText().strip());
    }
    showLive();
  }

  private void start(JsonNode hook) {
    JsonNode resource = hook.path("resource");
    String type = resource.path("resource_type").asText();
    String action = hook.path("action").asText();
    StepWords words =
        StepWords.of(environment, type, resource.path("resource_name").asText(), action);
    boolean isNewMachine = type.equals("aws_instance") && action.equals("create");
    underWay.put(address(hook), new Step(words, clock.instant(), isNewMachine));
  }

  /** What a gate says is shown as it is; that it opens is said by the step's end. */
  private void provisioner(JsonNode hook) {
    Step step = underWay.get(address(hook));
    String line = hook.path("output").asText();
    if (step == null || line.startsWith("local-exec: Executing: ") || !step.said.add(line)) {
      return;
    }
    if (!line.equals(step.words.verdict())) {
      say(line);
      return;
    }
    step.isOpen = true;
    if (!isGate(step) && since(step.start).compareTo(AT_ONCE) >= 0) {
      say(line, since(step.start));
    }
  }

  /** Whether waiting is all that it does. */
  private static boolean isGate(Step step) {
    return step.words.doing().equals("waits");
  }

  private void end(JsonNode hook, boolean well) {
    Step step = underWay.remove(address(hook));
    if (step == null) {
      return;
    }
    Duration took = since(step.start);
    if (!well) {
      say(step.words.failure(), took);
      return;
    }
    done += step.words.reads() ? 0 : 1;
    if (!step.words.isQuiet()) {
      say(step.isOpen && isGate(step) ? step.words.verdict() : step.words.end(), took);
    }
  }

  private void warn(JsonNode diagnostic) {
    String summary = diagnostic.path("summary").asText();
    String text = (summary + "\n" + diagnostic.path("detail").asText()).strip();
    if (diagnostic.path("severity").asText().equals("warning")
        && !OF_OUR_OWN_MAKING.contains(summary)
        && warned.add(text)) {
      say("warning: " + text);
    }
  }

  /** Another run has the state, and whoever waits shall know for what; or this one must end. */
  private void other(String message) {
    if (message.startsWith("Interrupt received")) {
      say("interrupted: Terraform ends what it is at, and releases its lock");
    } else if (message.contains("state lock") && !message.startsWith("Releasing")) {
      say(message);
    }
  }

  private static String address(JsonNode hook) {
    return hook.at("/resource/addr").asText();
  }

  private void showLive() {
    progress.live(underWay() + (done == 0 ? "" : " (%d done)".formatted(done)));
  }

  /** The first of all steps that have begun and not ended, with its time. */
  private String underWay() {
    Collection<Step> steps = underWay.values();
    Iterator<Step> each = steps.iterator();
    if (!each.hasNext()) {
      return timed(command, since(began));
    }
    Step first = each.next();
    return timed(first.words.underWay(), since(first.start))
        + (steps.size() == 1 ? "" : ", and %d more".formatted(steps.size() - 1));
  }

  private Duration since(Instant moment) {
    return Duration.between(moment, clock.instant());
  }

  private void say(String line, Duration took) {
    say(timed(line, took));
  }

  private void say(String line) {
    progress.accept(line);
    spoke = clock.instant();
    reminded = false;
  }

  private static String timed(String words, Duration took) {
    return "%s, %d s".formatted(words, Math.max(0, took.toSeconds()));
  }
}
