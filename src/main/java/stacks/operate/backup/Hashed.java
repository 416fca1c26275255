package stacks.operate.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A file that a thread writes from a stream, and hashes meanwhile: it is read once. */
final class Hashed implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private static final long LOOK_MILLIS = 100;

  /**
   * What came.
   *
   * @param bytes all of them, also those that were not written
   * @param sha256 of all
   */
  record Result(long bytes, String sha256) {}

  private final InputStream in;
  private final Path file;
  private final long limit;
  private final CompletableFuture<Result> result;

  private Hashed(InputStream in, Path file, long limit) {
    this.in = in;
    this.file = file;
    this.limit = limit;
    this.result = new CompletableFuture<>();
  }

  /**
   * Begins to write.
   *
   * @param limit bytes of the file at most: what comes after them is counted, and not written
   */
  static Hashed write(InputStream in, Path file, long limit) {
    Hashed hashed = new Hashed(in, file, limit);
    Thread thread = new Thread(hashed::run, "rediform-unpack");
    thread.setDaemon(true);
    thread.start();
    return hashed;
  }

  private void run() {
    try {
      result.complete(copied());
    } catch (IOException | RuntimeException e) {
      close(); // or whoever writes into the stream waits for ever
      result.completeExceptionally(e);
    }
  }

  private Result copied() throws IOException {
    MessageDigest digest = Sha256.create();
    long bytes = 0;
    byte[] buffer = new byte[BUFFER];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
        out.write(buffer, 0, (int) Math.max(0, Math.min(count, limit - bytes)));
        bytes += count;
      }
    }
    return new Result(bytes, HexFormat.of().formatHex(digest.digest()));
  }

  /**
   * Waits for the end of the stream.
   *
   * @param meanwhile is called now and then
   * @throws Missing when the file cannot be written
   */
  Result result(Runnable meanwhile) throws InterruptedException, Missing {
    while (true) {
      try {
        return result.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        meanwhile.run();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof IOException io) {
          throw new Missing(
              "%s cannot be written: %s; make room there, or set another temporary folder"
                  .formatted(file, io.getMessage()));
        }
        throw new CompletionException(e.getCause());
      }
    }
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      // Nobody reads it any more.
    }
  }
}
