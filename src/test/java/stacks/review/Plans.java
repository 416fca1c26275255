package stacks.review;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.testing.Environments;

/**
 * What is done to a cluster, and what the review must find in the plan of that: no more, no less.
 */
final class Plans {
  static final String NAME = "cache";

  static final String FILE =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 3gb}
      sentinels: {disk: 10GB}
      network:
        clients: [10.60.0.0/16, 172.16.0.0/16]
        operators: [10.9.0.0/24]
      aws: {region: eu-central-1}
      backup: {lock: 30d}
      """;

  private static final String POLICY = "aws_iam_role_policy.node-reads-passwords";

  private static final String UNLOCKED =
      "backup-unlocked aws_s3_bucket_object_lock_configuration.backups";

  static final String INGRESS = "aws_vpc_security_group_ingress_rule";

  /**
   * One plan.
   *
   * @param file how the environment's file differs
   * @param edit what is done to the configuration behind rediform's back
   * @param options of {@code terraform plan}
   * @param found each finding as rule and place
   */
  record Case(
      String name,
      UnaryOperator<String> file,
      Consumer<ObjectNode> edit,
      List<String> options,
      List<String> found) {
    String yaml() {
      return file.apply(FILE);
    }

    Case with(String... more) {
      return new Case(name, file, edit, List.of(more), found);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private Plans() {}

  /** The file is changed, as people do it. */
  static Stream<Case> ofFiles() {
    return Stream.of(
        file("nothing", text -> text),
        file(
            "more of everything",
            text ->
                text.replace("cpu: 2, memory: 4GB, disk: 20GB", "cpu: 4, memory: 8GB, disk: 21GB")
                    .replace("maxmemory: 3gb", "maxmemory: 6gb")
                    .replace("region:", "tags: {Team: cache}, region:")
                    .concat("redis: {config: {hz: 20}}\n")),
        file(
            "more nodes",
            text ->
                text.replace("sentinels: {", "sentinels: {count: 5, ")
                    .concat("replicas: {count: 3}\n")),
        file(
            "fewer nodes, fewer clients",
            text ->
                text.replace(", 172.16.0.0/16", "")
                    .concat("replicas: {count: 1}\n" + accepts("single-replica")),
            "node-removed aws_instance.redis-3",
            "access-narrowed " + INGRESS + ".redis-from-172-16-0-0-16",
            "access-narrowed " + INGRESS + ".sentinel-from-172-16-0-0-16"),
        file(
            "a little less memory and disk",
            text -> text.replace("3gb", "3071mb").replace("disk: 20GB", "disk: 19GB"),
            "disk-shrunk aws_ebs_volume.redis-1-data",
            "disk-shrunk aws_ebs_volume.redis-2-data",
            "disk-shrunk aws_ebs_volume.redis-3-data",
            "memory-below-use redis-1",
            "memory-below-use redis-2",
            "memory-below-use redis-3"),
        file(
            "the same memory in other words",
            text -> text.replace("3gb", "3072mb").replace("disk: 20GB", "disk: 20480mb")),
        file(
            "replicas on smaller machines",
            text ->
                text.replace("maxmemory: 3gb", "maxmemory: 1gb")
                    .concat("replicas: {memory: 2GB, maxmemory: 1gb, instanceType: t3.small}\n")
                    .concat(accepts("burstable-data-node", "unequal-memory")),
            "memory-below-use redis-1",
            "memory-below-use redis-2",
            "memory-below-use redis-3"),
        file(
            "replicas that hold less",
            text -> text + "replicas: {maxmemory: 2gb}\n",
            "memory-below-use redis-2",
            "memory-below-use redis-3",
            "unequal-memory shared"),
        file(
            "more clients, who know the master by another name",
            text ->
                text.replace("clients: [", "clients: [192.168.7.0/24, ")
                    .replace("disk: 10GB", "disk: 10GB, masterName: other"),
            "endpoint-changes output.master_name",
            "access-widened " + INGRESS + ".redis-from-192-168-7-0-24",
            "access-widened " + INGRESS + ".sentinel-from-192-168-7-0-24"),
        file(
            "metrics for Prometheus",
            text -> text + "metrics: {networks: [10.62.0.0/24]}\n",
            "access-widened " + INGRESS + ".redis-node-exporter-from-10-62-0-0-24",
            "access-widened " + INGRESS + ".redis-redis-exporter-from-10-62-0-0-24",
            "access-widened " + INGRESS + ".sentinel-node-exporter-from-10-62-0-0-24",
            "access-widened " + INGRESS + ".sentinel-redis-exporter-from-10-62-0-0-24"),
        file(
            "backups more often, and kept for longer",
            text -> backup(text, "lock: 30d, every: 1h, keepDays: 31")),
        file("backups that are locked for longer", text -> backup(text, "lock: 31d")),
        file("backups that are locked for less long", text -> backup(text, "lock: 29d"), UNLOCKED),
        file("backups without a lock", text -> backup(text, "every: 6h"), UNLOCKED),
        file(
            "no backups",
            text -> backup(text, "enabled: false"),
            "backup-off shared",
            "access-narrowed " + POLICY),
        file(
            "backups in another bucket, and fewer",
            text -> backup(text, "bucket: other-backups, keepLast: 27"),
            "backup-moved shared",
            "backup-kept-shorter shared",
            "access-widened " + POLICY),
        file(
            "settings that keep less and let in fewer",
            text ->
                text
                    + "redis: {maxmemoryPolicy: noeviction, config: {appendonly: no,"
                    + " min-replicas-to-write: 0, maxclients: 500, timeout: 60}}\n",
            "persistence-off shared",
            "loss-bound-lowered shared",
            "eviction-changes shared",
            "clients-locked-out shared"),
        file(
            "no protection",
            text -> text.replace("region:", "protect: false, region:"),
            "protection-off aws_instance.redis-1",
            "protection-off aws_instance.redis-2",
            "protection-off aws_instance.redis-3",
            "protection-off aws_instance.sentinel-1",
            "protection-off aws_instance.sentinel-2",
            "protection-off aws_instance.sentinel-3",
            "protection-off aws_secretsmanager_secret.passwords"));
  }

  private static String backup(String text, String keys) {
    return text.replace("{lock: 30d", "{" + keys);
  }

  private static String accepts(String... rules) {
    return "accepts:\n"
        + Stream.of(rules)
            .map("- {rule: %s, reason: It is only a test.}\n"::formatted)
            .collect(Collectors.joining());
  }

  private static Case file(String name, UnaryOperator<String> file, String... found) {
    return new Case(name, file, resources -> {}, List.of(), List.of(found));
  }

  static ObjectNode at(ObjectNode resources, String type, String name) {
    return (ObjectNode) resources.get(type).get(name);
  }

  static Review review(String json, String yaml) {
    return review(json, yaml, List.of());
  }

  static Review review(String json, String yaml, List<Expected> expected) {
    try {
      return PlanJson.review(json, Environments.cluster(NAME, yaml), expected);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
