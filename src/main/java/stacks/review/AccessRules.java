package stacks.review;

import static stacks.review.Check.ofPlan;
import static stacks.review.Check.ofResource;
import static stacks.review.Check.when;
import static stacks.review.Severity.BLOCK;
import static stacks.review.Severity.WARN;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import stacks.platform.Effect;
import stacks.values.Quote;

/** Who may connect, and who no longer may. */
final class AccessRules {
  private static final String INGRESS = "aws_vpc_security_group_ingress_rule";
  private static final String POLICY = "aws_iam_role_policy";

  static final List<Check> ALL =
      List.of(
          ofResource(
              "world-open",
              BLOCK,
              "Strangers may connect to Redis, Sentinel, SSH or an exporter.",
              "Name the networks of your clients, operators and Prometheus servers, /8 at the widest.",
              (resource, classifier) ->
                  when(
                      changes(resource, INGRESS)
                          && (isWorld(resource) || resource.hasAfter("/cidr_ipv6")),
                      lets(resource))),
          ofResource(
              "port-widened",
              BLOCK,
              "More can be reached than the one port of Redis, of Sentinel, of SSH or of an exporter.",
              "Let each rule open one TCP port.",
              (resource, classifier) ->
                  when(
                      changes(resource, INGRESS) && Access.isWide(resource, classifier.cluster()),
                      lets(resource))),
          ofResource(
                  "access-widened",
                  WARN,
                  "Somebody may connect, or do something, who could not before.",
                  "Compare with network.clients, network.operators and metrics.networks of the file; take back what is not of it.",
                  (resource, classifier) ->
                      when(classifier.effect(resource) == Effect.ACCESS_WIDENED, widens(resource)))
              .whereThereIsACluster(),
          ofResource(
              "access-narrowed",
              WARN,
              "Clients may no longer connect, or nodes may no longer do something: what still tries to fails from this deploy on.",
              "Make sure that nothing uses this network, or this place for backups, any more.",
              (resource, classifier) ->
                  when(
                      classifier.effect(resource) == Effect.ACCESS_NARROWED && !isOfPeers(resource),
                      narrows(resource))),
          ofResource(
              "peers-cut-off",
              BLOCK,
              "Nodes no longer reach each other: replicas lose the master, and Sentinels take it for dead.",
              "Take the change back; nodes of both groups must reach both ports.",
              (resource, classifier) ->
                  when(
                      isOfPeers(resource)
                          && resource.existed()
                          && (resource.action().ends() || narrowsPeers(resource)),
                      "nodes are no longer let in as they were")),
          ofPlan(
              "opened-by-hand",
              BLOCK,
              "A security group lets in a source, or to a port, that no rule of this plan names: it was changed outside of Terraform, which does not take it back.",
              "Remove the rule by hand; or name the network in the file and deploy.",
              plan -> plan.byHand().opened()),
          ofResource(
                  "public-address",
                  BLOCK,
                  "A node can be reached from the internet.",
                  "Leave nodes without public addresses; clients reach them from within the network.",
                  (resource, classifier) ->
                      when(isPublic(resource), "gets, or gives nodes, a public address"))
              .andOfPlan(plan -> plan.byHand().publicAddresses()));

  private AccessRules() {}

  private static boolean changes(ResourceChange resource, String type) {
    return resource.type().equals(type) && resource.remains();
  }

  /** Whether it lets in strangers, or nobody can see whom. */
  private static boolean isWorld(ResourceChange rule) {
    return rule.hasAfter("/cidr_ipv4")
        && rule.after("/cidr_ipv4").map(Access::isWorld).orElse(true);
  }

  /** From one of our groups to another. */
  private static boolean isOfPeers(ResourceChange resource) {
    return resource.type().equals(INGRESS)
        && resource.name().matches("(redis|sentinel)-from-(redis|sentinel)");
  }

  private static boolean narrowsPeers(ResourceChange resource) {
    return resource.action() == Action.UPDATE
        && !Set.of("description", "tags", "tags_all").containsAll(resource.changed());
  }

  private static String widens(ResourceChange resource) {
    if (resource.type().equals(INGRESS)) {
      return lets(resource);
    } else if (resource.type().equals(POLICY)
        && Policies.backupPlace(resource.after("/policy")).isPresent()) {
      return "lets nodes read, write and delete backups in " + place(resource.after("/policy"));
    }
    if (Kinds.lasts(resource)) {
      return "changes who may read or delete backups, or how they are kept";
    }
    return resource.type().startsWith("aws_s3_")
        ? "changes who may read or write what nodes are told, or how it is kept"
        : "changes who may connect, or what a node may do";
  }

  private static String narrows(ResourceChange resource) {
    return resource.type().equals(POLICY)
        ? "nodes may no longer read, write and delete backups in "
            + place(resource.before("/policy"))
        : "is no longer open for all of "
            + Quote.shorten(resource.before("/cidr_ipv4").orElse("its source"), 40);
  }

  private static String place(Optional<String> policy) {
    return Quote.shorten(Policies.backupPlace(policy).orElse("a place that is not known"), 120);
  }

  private static String lets(ResourceChange rule) {
    String from =
        rule.after("/cidr_ipv4")
            .or(() -> rule.after("/cidr_ipv6"))
            .or(() -> rule.after("/prefix_list_id"))
            .orElse(isOfPeers(rule) ? "the other nodes" : "a source that is not known yet");
    String protocol = rule.after("/ip_protocol").orElse("any protocol");
    String port = rule.after("/from_port").orElse("any");
    String last = rule.after("/to_port").orElse("any");
    return "lets in %s to %s port %s"
        .formatted(
            Quote.shorten(from, 40),
            protocol.equals("-1") ? "any protocol," : Quote.shorten(protocol, 20),
            Quote.shorten(port.equals(last) ? port : port + " to " + last, 20));
  }

  private static boolean isPublic(ResourceChange resource) {
    Optional<String> yes = Optional.of("true");
    return switch (resource.type()) {
      case "aws_subnet" ->
          changes(resource, "aws_subnet")
              && !resource.before("/map_public_ip_on_launch").equals(yes)
              && resource.after("/map_public_ip_on_launch").equals(yes);
      case "aws_instance" ->
          changes(resource, "aws_instance")
              && !resource.before("/associate_public_ip_address").equals(yes)
              && resource.after("/associate_public_ip_address").equals(yes);
      default -> false;
    };
  }
}
