package stacks.monitoring;

import java.time.Duration;
import java.util.regex.Pattern;
import stacks.values.Durations;

/**
 * How fast Prometheus looks, and with it every duration in the rules: at a pace of 5 all of them
 * are a fifth, so that what takes three minutes in production is seen within 36 s on a laptop, with
 * the same expressions.
 *
 * @param factor how many times as fast as in production; 1 to 15
 */
public record Pace(int factor) {
  /** Prometheus's own guide has 15 s; a failover takes less, and nothing here needs it finer. */
  private static final Duration SCRAPE = Duration.ofSeconds(15);

  /** Prometheus is not made to look more often than once a second. */
  private static final int FASTEST = (int) SCRAPE.toSeconds();

  /**
   * What waits: {@code for}, the range of a vector, the window of a template's query. A number of
   * seconds that is compared with a metric is none of these.
   */
  private static final Pattern DURATION =
      Pattern.compile(
          "(?<=\\bfor: |\\[)" + Durations.PATTERN.replace(" ?", "") + "(?=]|$)", Pattern.MULTILINE);

  /** That of a cluster that serves. */
  public static final Pace NORMAL = new Pace(1);

  public Pace {
    if (factor < 1 || factor > FASTEST) {
      throw new IllegalArgumentException("a pace is a whole number from 1 to " + FASTEST);
    }
  }

  /** Time between two looks at a target, and between two evaluations of a rule. */
  public Duration scrape() {
    return SCRAPE.dividedBy(factor);
  }

  /** The time after which a target has not answered, in Prometheus's words. */
  String timeout() {
    return words(scrape().multipliedBy(2).dividedBy(3));
  }

  /** The time between two looks, in Prometheus's words. */
  String interval() {
    return words(scrape());
  }

  /** Rules with their durations at this pace. */
  String of(String rules) {
    return factor == 1
        ? rules
        : DURATION
            .matcher(rules)
            .replaceAll(found -> words(Durations.parse(found.group()).dividedBy(factor)));
  }

  private static String words(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + "s"
        : duration.toMillis() + "ms";
  }
}
