package stacks.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Things done at the same time; closing it waits for all, and fails when one has failed. */
final class Together implements AutoCloseable {
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Future<?>> running = new ArrayList<>();

  void run(Callable<?> thing) {
    running.add(threads.submit(thing));
  }

  @Override
  public void close() throws ExecutionException {
    threads.shutdown();
    for (Future<?> one : running) {
      try {
        one.get();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
