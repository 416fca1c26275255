package stacks.operate;

import java.util.List;
import java.util.Optional;

/**
 * What asking a server came to.
 *
 * @param <S> what a server of its kind says of itself
 */
public sealed interface Answer<S> {
  /**
   * The server has described itself.
   *
   * @param server what it says
   * @param problem what is wrong with it, said after its name; empty when it is fit
   * @param notes what keeps nothing from working, and yet is for a person to know
   */
  record Given<S>(S server, Optional<String> problem, List<String> notes) implements Answer<S> {
    @Override
    public boolean reached() {
      return true;
    }

    @Override
    public boolean down() {
      return false;
    }
  }

  /**
   * It has not.
   *
   * @param reached whether something on the node answered, be it only that its server is down
   * @param down whether it is proven that the server does not run: nobody listens at its port. An
   *     answer that is an error, or none in time, is no such proof
   * @param why said after the node's name
   */
  record Missing<S>(boolean reached, boolean down, String why) implements Answer<S> {
    @Override
    public Optional<String> problem() {
      return Optional.of(why);
    }

    @Override
    public List<String> notes() {
      return List.of();
    }
  }

  /** Whether something on the node answered, be it only that its server is down. */
  boolean reached();

  /** Whether it is proven that the server does not run. */
  boolean down();

  /** Why there is no answer, or what is wrong with the server; empty when it is fit. */
  Optional<String> problem();

  /** What keeps nothing from working, and yet is for a person to know. */
  List<String> notes();

  /** What the server says of itself, if it does. */
  default Optional<S> said() {
    return this instanceof Given<S> given ? Optional.of(given.server()) : Optional.empty();
  }

  /** This, as if nothing were wrong with it. */
  default Answer<S> withoutProblem() {
    return this instanceof Given<S> given
        ? new Given<>(given.server(), Optional.empty(), given.notes())
        : this;
  }
}
