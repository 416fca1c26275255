package stacks.clients;

import java.util.Arrays;
import java.util.Optional;

/**
 * What an application reaches Redis with. Each has a template of its name below {@code
 * templates/client/}; what each does in a failover is in docs/clients.md.
 */
public enum Library {
  REDIS_PY("redis-py", Language.PYTHON),
  DJANGO("django", Language.PYTHON),
  CELERY("celery", Language.PYTHON),
  JEDIS("jedis", Language.JAVA),
  LETTUCE("lettuce", Language.JAVA),
  REDISSON("redisson", Language.JAVA),
  SPRING("spring", Language.JAVA),
  IOREDIS("ioredis", Language.NODE),
  NODE_REDIS("node-redis", Language.NODE),
  PHPREDIS("phpredis", Language.PHP),
  PREDIS("predis", Language.PHP),
  REDIS_RB("redis-rb", Language.RUBY),
  GO_REDIS("go-redis", Language.GO),
  STACKEXCHANGE_REDIS("stackexchange-redis", Language.DOTNET),
  /** A proxy, for programs in any language that know no Sentinel. */
  HAPROXY("haproxy", Language.ANY);

  private final String id;
  private final Language language;

  Library(String id, Language language) {
    this.id = id;
    this.language = language;
  }

  /** Its name in the command line, and its template's. */
  public String id() {
    return id;
  }

  /** The language that it is for. */
  public Language language() {
    return language;
  }

  /** The library of a name, as {@link #id()} writes it. */
  public static Optional<Library> of(String id) {
    return Arrays.stream(values()).filter(each -> each.id.equals(id)).findFirst();
  }

  @Override
  public String toString() {
    return id;
  }
}
