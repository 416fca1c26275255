package stacks.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether this process was told to end, by SIGTERM, and not by Ctrl-C. That one reaches the whole
 * process group, and so the programs that we started; SIGTERM reaches us alone, and is to be handed
 * on to them, once: Terraform takes a second one for an order to drop everything.
 */
final class Termination {
  private static final AtomicBoolean CAME = new AtomicBoolean();

  /** 128 and the signal's number, as shells have it. */
  private static final int TERMINATED = 128 + 15;

  private Termination() {}

  static boolean came() {
    return CAME.get();
  }

  /**
   * From now on SIGTERM is noticed, and ends this process as before. By reflection: the JDK has no
   * other way to tell two signals apart, and the compiler warns of this one. Where it is not there,
   * SIGTERM is as it was.
   */
  static void notice() {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object ours =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, words) -> {
                if (method.getName().equals("handle")) {
                  CAME.set(true);
                  new Thread(() -> System.exit(TERMINATED), "rediform-terminated").start();
                }
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance("TERM"), ours);
    } catch (ClassNotFoundException
        | NoSuchMethodException
        | InstantiationException
        | IllegalAccessException
        | InvocationTargetException e) {
      // As it was, then.
    }
  }
}
