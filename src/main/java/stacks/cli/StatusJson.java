package stacks.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.operate.Delivery;
import stacks.operate.NodeState;
import stacks.operate.Outlook;
import stacks.operate.RedisState;
import stacks.operate.SentinelState;
import stacks.operate.Vitals;

/**
 * A status for a program: {@code docs/status.schema.json}. It only ever gains keys; what a node
 * does not say is null.
 */
final class StatusJson {
  private StatusJson() {}

  static Map<String, Object> of(StatusReport report) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("environment", report.status().environment());
    all.put("at", report.at().toString());
    all.put("whole", report.status().isWhole());
    all.put("outlook", outlook(report.outlook()));
    all.put("problems", report.status().problems());
    all.put("redis", report.status().redis().stream().map(node -> redis(report, node)).toList());
    all.put(
        "sentinels",
        report.status().sentinels().stream().map(node -> sentinel(report, node)).toList());
    all.put("failover", failover(report));
    all.put(
        "differences",
        report.differences().stream()
            .map(
                each ->
                    fields(
                        "kind", each.kind().toString(), "node", each.node(), "words", each.words()))
            .toList());
    all.put(
        "steps",
        report.steps().stream()
            .map(
                step ->
                    fields(
                        "problem",
                        step.problem(),
                        "command",
                        step.command(),
                        "runbook",
                        step.runbook()))
            .toList());
    all.put("backups", BackupLines.report(report.cluster(), report.backups(), report.at()));
    return all;
  }

  private static Map<String, Object> outlook(Outlook outlook) {
    return fields(
        "sentence",
        outlook.sentence(),
        "writes",
        outlook.writes().name().toLowerCase(Locale.ROOT),
        "why",
        outlook.why(),
        "survivesOneLoss",
        outlook.survivesOneLoss(),
        "stoppedBy",
        outlook.stoppedBy(),
        "stoppedByZone",
        outlook.stoppedByZone());
  }

  private static Map<String, Object> failover(StatusReport report) {
    Optional<Long> ago = report.failover().secondsAgo();
    return fields(
        "master",
        report.status().master().map(NodeState::name),
        "election",
        report.failover().epoch(),
        "at",
        ago.map(seconds -> report.at().minusSeconds(seconds).toString()),
        "exact",
        report.failover().exact(),
        "evidence",
        report.failover().evidence());
  }

  private static Map<String, Object> redis(StatusReport report, RedisState node) {
    Map<String, Object> all =
        fields(
            "name", node.name(),
            "endpoint", node.endpoint(),
            "zone", report.zone(node),
            "role", node.role(),
            "master", node.master(),
            "linkUp", node.linkUp(),
            "takesWrites", node.takesWrites(),
            "lagBytes", node.lagBytes(),
            "usedMemory", node.usedMemory(),
            "maxmemory", node.maxmemory(),
            "problem", node.problem());
    all.putAll(vitals(node.vitals()));
    all.putAll(delivery(node));
    return all;
  }

  private static Map<String, Object> sentinel(StatusReport report, SentinelState node) {
    Optional<SentinelState.Server> said = node.answer().said();
    Map<String, Object> all =
        fields(
            "name", node.name(),
            "endpoint", node.endpoint(),
            "zone", report.zone(node),
            "master", node.master(),
            "replicas", node.replicas(),
            "sentinels", node.sentinels(),
            "seenReplicas", node.seenReplicas(),
            "seenSentinels", node.seenSentinels(),
            "configEpoch", said.flatMap(SentinelState.Server::configEpoch),
            "masterSeconds", said.flatMap(SentinelState.Server::masterSeconds),
            "problem", node.problem());
    Vitals vitals = node.vitals();
    all.putAll(
        fields(
            "redisVersion", vitals.redisVersion(),
            "upSeconds", vitals.upSeconds(),
            "clients", vitals.clients(),
            "maxclients", vitals.maxclients()));
    all.putAll(delivery(node));
    return all;
  }

  private static Map<String, Object> vitals(Vitals vitals) {
    return fields(
        "redisVersion", vitals.redisVersion(),
        "upSeconds", vitals.upSeconds(),
        "opsPerSecond", vitals.opsPerSecond(),
        "keyspaceHits", vitals.keyspaceHits(),
        "keyspaceMisses", vitals.keyspaceMisses(),
        "hitRate", vitals.hitRate(),
        "clients", vitals.clients(),
        "maxclients", vitals.maxclients());
  }

  private static Map<String, Object> delivery(NodeState node) {
    Delivery delivery = node.delivery();
    return fields(
        "notes",
        Stream.concat(node.notes().stream(), delivery.notes().stream())
            .collect(Collectors.toList()),
        "document",
        delivery.document(),
        "refusedDocument",
        delivery.refused().map(it -> fields("document", it.document(), "reason", it.text())));
  }

  /** Names and values by turns; an empty Optional is null. */
  private static Map<String, Object> fields(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    List<Object> all = List.of(namesAndValues);
    for (int i = 0; i < all.size(); i += 2) {
      Object value = all.get(i + 1);
      fields.put(
          (String) all.get(i), value instanceof Optional<?> maybe ? maybe.orElse(null) : value);
    }
    return fields;
  }
}
