package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import stacks.values.Quote;

/**
 * What is there of groups, roles, machines and route tables besides what the plan's own resources
 * make of them: it was added by hand. A resource tells of such parts in an attribute that mirrors
 * what is there, and Terraform takes none of them back.
 */
final class ByHand {
  private static final String INGRESS = "aws_vpc_security_group_ingress_rule";
  private static final int LONGEST = 200;

  /** Resources by which a plan gives others what they mirror. */
  private static final Set<String> OWN =
      Set.of(
          INGRESS,
          "aws_iam_role_policy",
          "aws_iam_role_policy_attachment",
          "aws_ebs_volume",
          "aws_route");

  /** Whom a group lets in: protocol, ports and source. */
  private record Opening(String protocol, String from, String to, String source) {
    static Opening of(String protocol, String from, String to, String source) {
      boolean all = protocol.equals("-1");
      return new Opening(protocol, all ? "" : from, all ? "" : to, source);
    }

    String words() {
      String ports = from.equals(to) ? "port " + from : "ports " + from + " to " + to;
      return source + " to " + (protocol.equals("-1") ? "every port" : protocol + " " + ports);
    }
  }

  private final Map<String, String> groups = new TreeMap<>();
  private final Map<String, Set<Opening>> opened = new LinkedHashMap<>();
  private final Map<String, Set<Opening>> ruled = new LinkedHashMap<>();
  private final Map<String, Set<String>> policies = new TreeMap<>();
  private final Set<String> ownPolicies = new HashSet<>();
  private final Map<String, Set<String>> parts = new TreeMap<>();
  private final Set<String> own = new HashSet<>();
  private final Map<String, String> publicAddresses = new TreeMap<>();

  /** Takes in one resource, be it one that changes, that stays or that has drifted. */
  void see(ResourceChange resource) {
    switch (resource.type()) {
      case "aws_security_group" -> group(resource);
      case INGRESS -> rule(resource);
      case "aws_iam_role" -> role(resource);
      case "aws_iam_role_policy" -> both(resource, "/name", ownPolicies);
      case "aws_iam_role_policy_attachment" -> both(resource, "/policy_arn", ownPolicies);
      case "aws_ebs_volume" -> both(resource, "/id", own);
      case "aws_route" -> route(resource);
      case "aws_instance" -> machine(resource);
      case "aws_route_table" -> routes(resource);
      default -> {}
    }
  }

  /** Takes in one resource of the state, which a part of a plan does not speak of. */
  void prior(JsonNode resource) {
    if (OWN.contains(resource.path("type").asText())) {
      ObjectNode change = JsonNodeFactory.instance.objectNode();
      for (String name : new String[] {"address", "mode", "type", "name"}) {
        change.set(name, resource.path(name));
      }
      change
          .putObject("change")
          .<ObjectNode>set("before", resource.path("values"))
          .set("before_sensitive", resource.path("sensitive_values"));
      see(new ResourceChange(change, false));
    }
  }

  private static void both(ResourceChange resource, String pointer, Set<String> values) {
    resource.before(pointer).ifPresent(values::add);
    resource.after(pointer).ifPresent(values::add);
  }

  private void group(ResourceChange group) {
    String id = group.after("/id").orElse("");
    groups.put(group.address(), id);
    Set<Opening> all = opened.computeIfAbsent(group.address(), address -> new HashSet<>());
    for (JsonNode rule : group.nodeAfter("/ingress")) {
      Set<String> sources = new TreeSet<>();
      for (String list :
          new String[] {"cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"}) {
        rule.path(list).forEach(source -> sources.add(source.asText()));
      }
      if (rule.path("self").asBoolean()) {
        sources.add(id);
      }
      sources.forEach(
          source ->
              all.add(
                  Opening.of(
                      rule.path("protocol").asText(),
                      rule.path("from_port").asText(),
                      rule.path("to_port").asText(),
                      source)));
    }
  }

  private void rule(ResourceChange rule) {
    rule(rule.nodeBefore(""));
    rule(rule.nodeAfter(""));
  }

  private void rule(JsonNode rule) {
    for (String source :
        new String[] {"cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"}) {
      if (rule.path(source).isTextual()) {
        ruled
            .computeIfAbsent(rule.path("security_group_id").asText(), id -> new HashSet<>())
            .add(
                Opening.of(
                    rule.path("ip_protocol").asText(),
                    rule.path("from_port").asText(),
                    rule.path("to_port").asText(),
                    rule.path(source).asText()));
      }
    }
  }

  private void role(ResourceChange role) {
    Set<String> all = policies.computeIfAbsent(role.address(), address -> new TreeSet<>());
    role.nodeAfter("/inline_policy").forEach(policy -> all.add(policy.path("name").asText()));
    role.nodeAfter("/managed_policy_arns").forEach(policy -> all.add(policy.asText()));
    all.remove("");
  }

  private void route(ResourceChange route) {
    for (JsonNode side : new JsonNode[] {route.nodeBefore(""), route.nodeAfter("")}) {
      for (String destination :
          new String[] {
            "destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"
          }) {
        own.add(side.path("route_table_id").asText() + " " + side.path(destination).asText());
      }
    }
  }

  private void routes(ResourceChange table) {
    if (!table.isDrift()) {
      return;
    }
    for (JsonNode route : table.nodeAfter("/route")) {
      for (String destination :
          new String[] {"cidr_block", "ipv6_cidr_block", "destination_prefix_list_id"}) {
        String to = route.path(destination).asText();
        if (!to.isEmpty()) {
          part(table, table.after("/id").orElse("") + " " + to, "a route to " + to);
        }
      }
    }
  }

  private void machine(ResourceChange machine) {
    machine
        .after("/public_ip")
        .ifPresent(address -> publicAddresses.put(machine.address(), "has a public address"));
    if (machine.isDrift()) {
      machine
          .nodeAfter("/ebs_block_device")
          .forEach(volume -> part(machine, volume.path("volume_id").asText(), "a second volume"));
    }
  }

  private void part(ResourceChange of, String id, String words) {
    parts.computeIfAbsent(of.address(), address -> new TreeSet<>()).add(id + "\n" + words);
  }

  /** Whom each group lets in although no rule of the plan does, by the group's address. */
  Map<String, String> opened() {
    Map<String, String> found = new TreeMap<>();
    opened.forEach(
        (group, openings) -> {
          Set<Opening> unknown = new HashSet<>(openings);
          unknown.removeAll(ruled.getOrDefault(groups.get(group), Set.of()));
          if (!unknown.isEmpty()) {
            String words =
                unknown.stream().map(Opening::words).sorted().collect(Collectors.joining(", "));
            found.put(group, "lets in " + Quote.shorten(words, LONGEST));
          }
        });
    return found;
  }

  /** Policies of each role that no resource of the plan gives it, by the role's address. */
  Map<String, String> policies() {
    return without(policies, ownPolicies, "has policies that were added by hand: ");
  }

  /** Machines that can be reached from the internet, by address. */
  Map<String, String> publicAddresses() {
    return publicAddresses;
  }

  /** What else has been added, by the address of that to which it was. */
  Map<String, String> parts() {
    Map<String, Set<String>> words = new TreeMap<>();
    parts.forEach(
        (address, all) ->
            all.stream()
                .map(part -> part.split("\n", 2))
                .filter(part -> !own.contains(part[0]))
                .forEach(
                    part -> words.computeIfAbsent(address, key -> new TreeSet<>()).add(part[1])));
    return without(words, Set.of(), "was given by hand: ");
  }

  private static Map<String, String> without(
      Map<String, Set<String>> all, Set<String> own, String words) {
    Map<String, String> found = new TreeMap<>();
    all.forEach(
        (address, names) -> {
          Set<String> unknown = new TreeSet<>(names);
          unknown.removeAll(own);
          if (!unknown.isEmpty()) {
            found.put(address, words + Quote.shorten(String.join(", ", unknown), LONGEST));
          }
        });
    return found;
  }
}
