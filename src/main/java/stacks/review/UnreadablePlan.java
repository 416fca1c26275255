package stacks.review;

import java.io.IOException;

/** What was given is no plan that can be judged; the message says why, and what to do. */
public final class UnreadablePlan extends IOException {
  private static final long serialVersionUID = 1L;

  UnreadablePlan(String message) {
    super(message);
  }

  UnreadablePlan(String message, Throwable cause) {
    super(message, cause);
  }
}
