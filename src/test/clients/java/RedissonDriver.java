import org.redisson.api.RScript;
import org.redisson.client.codec.StringCodec;

/** The library's own calls; the loop is in {@link Driver}. */
final class RedissonDriver {
  private RedissonDriver() {}

  public static void main(String[] words) throws Exception {
    var redis = RedisConnection.client();
    Driver.run(
        words[0],
        words[2],
        (key, value) -> redis.getBucket(key, StringCodec.INSTANCE).set(value),
        () ->
            Driver.roleOf(
                redis
                    .getScript(StringCodec.INSTANCE)
                    .eval(RScript.Mode.READ_ONLY, Driver.INFO, RScript.ReturnType.VALUE)));
  }
}
