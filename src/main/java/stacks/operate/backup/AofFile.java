package stacks.operate.backup;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * A file of an AOF with commands in Redis's protocol, and before the first command of each second
 * {@code #TS:SECONDS}.
 */
final class AofFile {
  private static final int BUFFER = 1 << 16;

  /** A line has a sign and a number, or a time: AOF_ANNOTATION_LINE_MAX_LEN in Redis's aof.h. */
  private static final int LONGEST_LINE = 1024;

  private static final String TIME = "#TS:";

  private final InputStream in;
  private long at;

  private AofFile(InputStream in) {
    this.in = in;
  }

  /**
   * Where the first command of a later second begins; empty where there is none.
   *
   * @param second since 1970
   * @throws IOException where it is no such file. An end in the middle of a command is none: a
   *     server that still writes leaves one
   */
  static OptionalLong end(Path file, long second) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
      return new AofFile(in).end(second);
    }
  }

  private OptionalLong end(long second) throws IOException {
    try {
      while (true) {
        long begins = at;
        String line = line();
        if (line.startsWith(TIME)) {
          if (number(line, TIME.length()) > second) {
            return OptionalLong.of(begins);
          }
        } else if (line.startsWith("*")) {
          for (long words = number(line, 1); words > 0; words--) {
            skip(number(line(), 1) + 2);
          }
        } else if (!line.startsWith("#")) {
          throw new IOException("no command of an AOF at byte " + begins);
        }
      }
    } catch (EOFException e) {
      return OptionalLong.empty();
    }
  }

  /** The next line, without its end. */
  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException();
      }
      if (line.length() == LONGEST_LINE) {
        throw new IOException("no line of an AOF before byte " + at);
      }
      line.append((char) next);
      at++;
    }
    at++;
    return line.toString().strip();
  }

  private long number(String line, int from) throws IOException {
    try {
      return Long.parseLong(line.substring(from));
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new IOException("no number of an AOF before byte " + at, e);
    }
  }

  private void skip(long bytes) throws IOException {
    in.skipNBytes(bytes);
    at += bytes;
  }

  /** Whether it is an RDB, as the base of an AOF is by default. */
  static boolean isRdb(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(5), StandardCharsets.ISO_8859_1).equals("REDIS");
    }
  }
}
