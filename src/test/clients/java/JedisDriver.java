/** The library's own calls; the loop is in {@link Driver}. */
final class JedisDriver {
  private JedisDriver() {}

  public static void main(String[] words) throws Exception {
    var redis = RedisConnection.master();
    // Jedis reads from the master.
    Driver.run(words[0], words[2], (key, value) -> redis.set(key, value), () -> "none");
  }
}
