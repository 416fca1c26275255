package stacks.review;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import stacks.values.Quote;

/** What a plan holds besides changes and outputs, and what it lacks. */
final class OtherParts {
  /** More than this tells a person no more. */
  private static final int MOST = 20;

  private static final int LONGEST = 200;

  private final Map<String, String> unknown = new TreeMap<>();
  private final Map<String, String> failed = new TreeMap<>();
  private final Map<String, String> secrets = new TreeMap<>();
  private final Set<String> lacks = new TreeSet<>();
  private final Set<String> planned = new HashSet<>();
  private final Set<String> known = new TreeSet<>();
  private final Set<String> prior = new TreeSet<>();

  void unknown(String place, String message) {
    put(unknown, place, message);
  }

  void failed(String place, String message) {
    put(failed, place, message);
  }

  void secret(String place) {
    put(secrets, place, "holds a secret in clear");
  }

  void incomplete(String reason) {
    lacks.add(reason);
  }

  private static void put(Map<String, String> found, String place, String message) {
    if (found.size() < MOST) {
      found.putIfAbsent(shown(place), shown(message));
    }
  }

  /** A name may be anything, a secret too. */
  private static String shown(String text) {
    return MachineFiles.isSecret(text)
        ? "a name that looks like a secret"
        : Quote.shorten(text, LONGEST);
  }

  /**
   * A resource of which the plan says what becomes of it.
   *
   * @param isKnown whether the state must have it
   */
  void planned(String address, boolean isKnown) {
    planned.add(address);
    if (isKnown) {
      known.add(address);
    }
  }

  /** A resource that the state has. */
  void prior(String address) {
    prior.add(address);
  }

  /** What this rediform does not make, or does not read, by place. */
  Map<String, String> unknown() {
    return unknown;
  }

  /** Checks that do not pass, by place. */
  Map<String, String> failed() {
    return failed;
  }

  /** Where passwords or keys are. */
  Map<String, String> secrets() {
    return secrets;
  }

  /** Whether it was made to refresh the state only: of no resource it says what becomes of it. */
  boolean refreshesOnly() {
    return planned.isEmpty() && !prior.isEmpty();
  }

  /** Why it is not the whole plan, in a few words; empty when it is. */
  String lacks() {
    if (!lacks.isEmpty()) {
      return String.join("; ", lacks);
    } else if (refreshesOnly()) {
      return "it only refreshes the state (-refresh-only), and does not say what a deploy would do";
    }
    String left = without(prior, planned);
    if (!left.isEmpty()) {
      return "it does not say what becomes of " + left;
    }
    String unknown = without(known, prior);
    return unknown.isEmpty() ? "" : "its prior_state lacks " + unknown;
  }

  private static String without(Set<String> all, Set<String> others) {
    Set<String> left = new TreeSet<>(all);
    left.removeAll(others);
    if (left.isEmpty()) {
      return "";
    }
    String first = Quote.shorten(left.iterator().next(), LONGEST);
    return left.size() == 1 ? first : "%s and %d others".formatted(first, left.size() - 1);
  }
}
