import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes through what {@code rediform client} printed until the stop file is there: see
 * ../python/driver.py.
 */
final class Driver {
  private static final long PAUSE_MILLIS = 10;

  /** One write: throws what the library throws. */
  interface Write {
    void set(String key, String value) throws Exception;
  }

  /** The role of the node that reads come from. */
  interface Read {
    String role() throws Exception;
  }

  /** A question that only reads, as libraries see it, and says who answers it. */
  static final String INFO = "return redis.call('info', 'replication')";

  private Driver() {}

  /** The role in an answer to {@link #INFO}. */
  static String roleOf(String info) {
    return info.lines()
        .filter(line -> line.startsWith("role:"))
        .findFirst()
        .orElse(info)
        .replace("role:", "");
  }

  static void run(String library, String stop, Write write, Read read) throws Exception {
    for (int number = 1; !Files.exists(Path.of(stop)); number++) {
      String key = "client:" + library + ":" + number;
      try {
        write.set(key, String.valueOf(number));
        System.out.println("ok " + key);
      } catch (Exception e) {
        System.out.println("failed " + String.valueOf(e).lines().findFirst().orElse(""));
      }
      Thread.sleep(PAUSE_MILLIS); // the load's pace: a writer without one measures the machine
    }
    System.out.println("read " + read.role());
    System.out.flush();
    // Pools of threads that nobody ends here.
    Runtime.getRuntime().halt(0);
  }
}
