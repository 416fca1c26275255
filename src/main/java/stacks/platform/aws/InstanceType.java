package stacks.platform.aws;

import stacks.cluster.Size;
import stacks.values.Memory;

/**
 * What EC2 says of an instance type.
 *
 * @param name such as {@code c7i.xlarge}
 * @param cpu virtual CPUs
 * @param memory RAM
 * @param architecture {@code x86_64} or {@code arm64}
 * @param burstable whether its CPU is throttled once its credits are used up
 */
public record InstanceType(
    String name, int cpu, Memory memory, String architecture, boolean burstable) {

  /** Whether a node of that size runs on it. */
  boolean fits(Size size) {
    return cpu >= size.cpu() && memory.compareTo(size.memory()) >= 0;
  }

  /** Whether Debian's image for {@code amd64}, which every node uses, starts on it. */
  boolean runsTheImage() {
    return architecture.equals("x86_64");
  }

  /** Such as {@code c7i.xlarge (4 CPU, 8 GiB)}. */
  @Override
  public String toString() {
    return "%s (%d CPU, %s)".formatted(name, cpu, gib());
  }

  private String gib() {
    long mib = memory.bytes() >> 20;
    return mib % 1024 == 0 ? mib / 1024 + " GiB" : mib + " MiB";
  }
}
