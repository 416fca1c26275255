package stacks.cli;

import java.io.IOException;
import stacks.operate.NotPossible;
import stacks.operate.backup.Missing;

/** What a verb does with a running cluster, and what becomes of it where that fails. */
interface Operation<T> {
  /** Does it. */
  T run() throws NotPossible, Missing, IOException;

  /** Its result; ends the command where there is none. */
  static <T> T of(Operation<T> operation) {
    try {
      return operation.run();
    } catch (NotPossible e) {
      throw Failure.no(e.getMessage());
    } catch (Missing e) {
      throw Failure.missing(e.getMessage());
    } catch (IOException e) {
      throw Failure.missing("this machine cannot do it: " + e.getMessage(), e);
    }
  }
}
