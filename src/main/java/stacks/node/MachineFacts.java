package stacks.node;

import java.util.List;
import java.util.Optional;

/**
 * What the agent needs to know to make a bare machine into a node. What to install and how to write
 * it down is the agent's.
 *
 * @param disk size of its volume. The agent reads the volume itself; here it makes a larger one
 *     another document, whose installation lets the file system grow
 * @param keys public keys of those who may log in
 * @param region of the cloud, where its secret is
 * @param secret name of the secret with the passwords of the cluster's nodes
 * @param source where Redis comes from when it is built there
 */
public record MachineFacts(
    String disk, List<String> keys, String region, String secret, Optional<Source> source) {
  public MachineFacts {
    keys = List.copyOf(keys);
  }

  /**
   * An archive of Redis's source.
   *
   * @param url folder that has {@code redis-VERSION.tar.gz}
   * @param sha256 checksum of the archive
   */
  public record Source(String url, String sha256) {}
}
