package stacks.platform;

import java.util.Locale;

/** What a change means for the cluster, from the least to the gravest. */
public enum Effect {
  NOTHING("nothing"),
  COSMETIC("names and tags"),
  LIVE_SETTING("set while it runs"),
  ADDED("something new beside the nodes"),
  TAKEN_OVER("is there already, and taken over"),
  LEFT_BEHIND("stays as it is, and is no longer managed"),
  ACCESS_NARROWED("fewer may connect"),
  ACCESS_WIDENED("more may connect"),
  NEW_NODE("new node"),
  /** Redis or Sentinel stops and starts; its machine stays. */
  SERVER_RESTART("server restarts"),
  ROLLING_RESTART("machine restarts"),
  PART_LOST("a part it needs goes"),
  NODE_REMOVED("leaves the cluster"),
  NODE_REPLACED("made anew"),
  DATA_AT_RISK("data at risk"),
  /** Nothing that is not recognised is called safe. */
  NOT_UNDERSTOOD("not understood");

  private final String words;

  Effect(String words) {
    this.words = words;
  }

  /** In words, for a person. */
  public String words() {
    return words;
  }

  public Effect or(Effect other) {
    return compareTo(other) >= 0 ? this : other;
  }

  /** Such as {@code rolling-restart}, for programs. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
