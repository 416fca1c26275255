package stacks.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import stacks.platform.ResourceKind;

/**
 * One step of an apply in words: by its node where it has one, else by Terraform's address.
 *
 * @param subject what it is about, such as {@code redis-1: machine}
 * @param done what becomes of it, such as {@code created}
 * @param doing the same while it is under way
 * @param verdict the line by which its gate opens; empty where it has no gate
 * @param isQuiet whether it is Terraform's bookkeeping, so that its end is no news
 */
record StepWords(String subject, String done, String doing, String verdict, boolean isQuiet) {
  private static final Pattern OF_NODE =
      Pattern.compile("(?<node>" + ResourceKind.NODE + ")(?<part>-[a-z-]+)?");

  /** Terraform's word for it, and ours. */
  private static final String READ = "read";

  /**
   * The words for a step.
   *
   * @param environment name of the environment
   * @param type Terraform's type of the resource
   * @param name the resource's name
   * @param action Terraform's word for what is done
   */
  static StepWords of(String environment, String type, String name, String action) {
    Matcher match = OF_NODE.matcher(name);
    boolean ofNode = match.matches();
    String node = ofNode ? match.group("node") : "";
    String part = ofNode && match.group("part") != null ? match.group("part") : "";
    String address = type + "." + name;
    String prefix = ofNode ? node + ": " : "";
    return switch (type) {
      case "terraform_data" -> step(environment, name, node, part, action.equals("create"));
      case "aws_instance" -> plain(prefix + "machine", past(action));
      case "aws_ec2_instance_state" ->
          plain(prefix + "machine", "started").quietIf(action.equals("delete"));
      case "aws_ebs_volume" -> plain(prefix + "data volume", past(action));
      case "aws_volume_attachment" ->
          plain(prefix + "data volume", action.equals("delete") ? "detached" : "attached");
      case "aws_network_interface" -> plain(prefix + "network interface", past(action));
      case "aws_s3_object" -> plain(ofNode ? prefix + "document" : address, past(action));
      case "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule" ->
          plain("firewall rule " + name, past(action));
      default -> plain(address, past(action)).quietIf(action.equals(READ));
    };
  }

  /** A {@code terraform_data} of ours does something when it is made, or when it goes. */
  private static StepWords step(
      String environment, String name, String node, String part, boolean made) {
    if (name.equals("whole")) {
      return new StepWords(
          environment + ": last gate", "opened", "waits", environment + " is whole", !made);
    } else if (node.isEmpty()) {
      return plain(name + " of " + environment, made ? "created" : "destroyed").quietIf(true);
    }
    String verdict = node + " may be changed";
    return switch (part) {
      case "-gate" -> new StepWords(node + ": gate", "opened", "waits", verdict, !made);
      case "-settings" -> new StepWords(node, "configured", "being configured", verdict, !made);
      default -> plain(node, made ? "created" : "removed").quietIf(made);
    };
  }

  private static String past(String action) {
    return switch (action) {
      case "create" -> "created";
      case "delete" -> "destroyed";
      case READ -> READ;
      default -> "changed";
    };
  }

  private static StepWords plain(String subject, String done) {
    return new StepWords(subject, done, "being " + done, "", false);
  }

  private StepWords quietIf(boolean quiet) {
    return new StepWords(subject, done, doing, verdict, quiet);
  }

  /** Whether it changes nothing: a plan has such steps, too. */
  boolean reads() {
    return done.equals(READ);
  }

  /** What is said once it is done. */
  String end() {
    return subject + " " + done;
  }

  /** What is said while it is under way. */
  String underWay() {
    return subject + " " + doing;
  }

  /** What is said when it has failed. */
  String failure() {
    return subject + " not " + done;
  }
}
