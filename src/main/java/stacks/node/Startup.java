package stacks.node;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a server only learns when it starts: with anything else it restarts.
 *
 * @param version of Redis that is built from source; empty for Debian's package
 * @param directives of redis.conf or sentinel.conf, with their values as they stand there; what
 *     depends on the running cluster, and every secret, the agent adds
 * @param users what each user may do, in the words of an ACL; {@code {NAME}} stands for a password
 * @param monitor {@code master-name}, and what Sentinel keeps of that master in the words of {@code
 *     SENTINEL SET}; times in milliseconds; empty for a data node
 */
public record Startup(
    String version,
    SortedMap<String, String> directives,
    SortedMap<String, String> users,
    SortedMap<String, String> monitor) {
  public Startup {
    directives = Collections.unmodifiableSortedMap(new TreeMap<>(directives));
    users = Collections.unmodifiableSortedMap(new TreeMap<>(users));
    monitor = Collections.unmodifiableSortedMap(new TreeMap<>(monitor));
  }
}
