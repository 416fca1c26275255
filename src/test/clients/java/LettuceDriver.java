import io.lettuce.core.ScriptOutputType;

/** The library's own calls; the loop is in {@link Driver}. */
final class LettuceDriver {
  private LettuceDriver() {}

  public static void main(String[] words) throws Exception {
    var master = RedisConnection.master().sync();
    var replica = RedisConnection.replica().sync();
    Driver.run(
        words[0],
        words[2],
        (key, value) -> master.set(key, value),
        () ->
            Driver.roleOf(
                replica.evalReadOnly(
                    Driver.INFO, ScriptOutputType.VALUE, new String[] {"any"}, new String[0])));
  }
}
