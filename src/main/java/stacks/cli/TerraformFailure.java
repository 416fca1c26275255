package stacks.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.cli.Terraform.Diagnostic;
import stacks.cluster.Cluster;
import stacks.platform.ResourceKind;

/**
 * What Terraform's errors mean for a cluster, and what to do: one sentence of ours for each kind.
 */
final class TerraformFailure {
  private static final Pattern LOCK =
      Pattern.compile(
          "(?m)^\\s*ID:\\s+(?<id>\\S+)(?:.*?Operation:\\s+(?<what>\\S+))?.*?Who:\\s+(?<who>[^\\n]+?)\\s*\\n.*?Created:\\s+(?<since>[^\\n]+?)\\s*(?:\\n|$)",
          Pattern.DOTALL);

  private static final Pattern OF_NODE =
      Pattern.compile("[a-z0-9_]+\\.(" + ResourceKind.NODE + ")(?:-[a-z-]+)?");

  private TerraformFailure() {}

  /**
   * The failure of a verb that changes nothing.
   *
   * @param verb Terraform's, such as {@code plan}
   * @param formed whether the cluster was whole once
   * @param log where all is that Terraform printed
   */
  static Failure of(
      Cluster cluster, String verb, List<Diagnostic> errors, boolean formed, Path log) {
    String name = cluster.name();
    List<Diagnostic> refusals = errors.stream().filter(TerraformFailure::isRefusal).toList();
    if (!refusals.isEmpty()) {
      return Failure.no(
          refusals.stream().map(Diagnostic::detail).distinct().collect(Collectors.joining("\n"))
              + "\nNothing was changed."
              + (formed
                  ? ""
                  : " %1$s was never whole: ./rediform destroy %1$s makes its file free again."
                      .formatted(name)));
    }
    for (Diagnostic error : errors) {
      String text = error.summary() + "\n" + error.detail();
      if (text.contains("acquiring the state lock")) {
        return Failure.missing(locked(name, text));
      }
      if (text.contains("Backend configuration changed")
          || text.contains("Backend initialization required")
          || text.contains("Backend type changed")
          || text.contains("Unsetting the previously set backend")) {
        return Failure.no(
            "the file of %1$s now keeps its state elsewhere (aws.state), and the state is still where it was. Nothing was changed. To move it: ./rediform move-state %1$s"
                .formatted(name));
      }
      if (text.contains("AWS account ID not allowed")) {
        return Failure.no(
            "the credentials belong to another account than the file of %s says (aws.account is \"%s\"): %s. Nothing was changed. Take the credentials of that account"
                .formatted(
                    name, cluster.environment().aws().account().orElse(""), error.summary()));
      }
      if (text.contains("prevent_destroy")) {
        return Failure.no(
            "%s is protected: %s may not be destroyed. Nothing was changed. aws.protect: false in its file lifts that"
                .formatted(name, error.address().isEmpty() ? "a volume" : error.address()));
      }
      if (text.matches("(?s).*(scheduled for deletion|marked for deletion|marked deleted).*")) {
        return Failure.missing(
            "the secret rediform/%1$s/nodes with the passwords is scheduled for deletion. Nothing was changed. To have it back: aws secretsmanager restore-secret --secret-id rediform/%1$s/nodes. Then run the same command again (docs/runbook.md, The passwords are gone)"
                .formatted(name));
      }
    }
    return Failure.missing(
        String.join(
            "\n",
            "terraform %s failed, and nothing was changed:".formatted(verb),
            said(errors),
            whole(log),
            "Mend the cause, then run the same command again"));
  }

  /** Whether a condition of ours said no, and not Terraform or AWS. */
  static boolean isRefusal(Diagnostic error) {
    return error.summary().endsWith("condition failed");
  }

  private static String locked(String name, String text) {
    Matcher lock = LOCK.matcher(text);
    if (!lock.find()) {
      return "the state of %s is locked by another run: %s".formatted(name, text.strip());
    }
    return "the state of %1$s is locked by %2$s since %3$s (%4$s). Nothing was changed. If that run is still under way, wait for it. If it was killed: terraform -chdir=cdktf.out/stacks/%1$s force-unlock %5$s"
        .formatted(
            name, lock.group("who"), lock.group("since"), lock.group("what"), lock.group("id"));
  }

  /**
   * The failure of an apply: what happened, what is done, what is not, what to do next.
   *
   * @param planned addresses of what the plan changes
   * @param again the command that goes on from there
   * @param log where all is that Terraform printed
   */
  static Failure ofApply(
      Cluster cluster,
      Terraform.Applied applied,
      Collection<String> planned,
      String again,
      Path log) {
    List<Diagnostic> errors = applied.errors();
    Set<String> left = new TreeSet<>(planned);
    left.removeAll(applied.done());
    String done = done(applied.done(), left);
    for (Diagnostic error : errors) {
      String text = error.summary() + "\n" + error.detail();
      if (text.contains("acquiring the state lock")) {
        return Failure.missing(locked(cluster.name(), text));
      }
      if (text.contains("local-exec provisioner error")) {
        String gate = error.address();
        String node =
            gate.replaceFirst("^terraform_data\\.", "").replaceFirst("-(gate|settings)$", "");
        if (gate.endsWith("identity")) {
          return Failure.no(
              "%s was not deployed; the line above says why".formatted(cluster.name()));
        }
        String what;
        if (gate.endsWith("whole")) {
          what = cluster.name() + " did not become whole";
        } else if (error.detail().contains("/rediform wait ")) {
          what = "the gate of %s stayed shut".formatted(node);
        } else {
          what = "%s does not run as the file says".formatted(node);
        }
        what += "; the lines above say why";
        return Failure.no(
            report(cluster, what + ". " + done, List.of(), log, "Mend that, then: " + again));
      }
      Capacity capacity = Capacity.in(text);
      if (capacity != null) {
        String what =
            "%s: %s (%s). %s".formatted(error.address(), capacity.meaning, capacity.code, done);
        return Failure.missing(
            report(cluster, what, List.of(), log, capacity.remedy + ". Then: " + again));
      }
    }
    return Failure.missing(
        report(
            cluster,
            "terraform apply failed. " + done,
            List.of(said(errors)),
            log,
            "Mend the cause, then: " + again));
  }

  private static String report(
      Cluster cluster, String what, List<String> details, Path log, String remedy) {
    List<String> lines = new ArrayList<>(List.of(what));
    lines.addAll(details);
    if (!cluster.isLocal()) {
      lines.add("Machines that exist cost money meanwhile");
    }
    lines.add(whole(log));
    lines.add(remedy);
    return String.join("\n", lines);
  }

  private static String whole(Path log) {
    return "All that Terraform printed: " + log;
  }

  private static String done(Set<String> done, Set<String> left) {
    String rest = left.isEmpty() ? "" : ". Not done: " + names(left);
    return (done.isEmpty()
            ? "Nothing was changed"
            : "What is done stays (%d of the plan's steps)".formatted(done.size()))
        + rest;
  }

  /** Nodes by their name, in place of all that belongs to each. */
  private static String names(Set<String> addresses) {
    Set<String> names = new LinkedHashSet<>();
    int others = 0;
    for (String address : addresses) {
      Matcher node = OF_NODE.matcher(address);
      if (node.matches()) {
        names.add(node.group(1));
      } else {
        others++;
      }
    }
    if (names.isEmpty()) {
      return String.join(", ", addresses);
    }
    return String.join(", ", names) + (others == 0 ? "" : ", and %d shared".formatted(others));
  }

  /** Why EC2 gives no machine (EC2 API reference, "Error codes"). */
  private enum Capacity {
    NONE_LEFT(
        "InsufficientInstanceCapacity",
        "EC2 has no machine of this type left in this zone",
        "Wait, or name another type in the file"),
    QUOTA(
        "VcpuLimitExceeded",
        "the account's quota of vCPUs is used up",
        "Ask for more in Service Quotas, or make room"),
    INSTANCES(
        "InstanceLimitExceeded",
        "the account's quota of machines is used up",
        "Ask for more in Service Quotas, or make room"),
    UNSUPPORTED(
        "Unsupported",
        "EC2 does not offer this type as it is asked for",
        "Name another type in the file");

    private final String code;
    private final String meaning;
    private final String remedy;

    Capacity(String code, String meaning, String remedy) {
      this.code = code;
      this.meaning = meaning;
      this.remedy = remedy;
    }

    static Capacity in(String text) {
      for (Capacity each : values()) {
        if (text.matches("(?s).*api error " + each.code + "\\b.*")) {
          return each;
        }
      }
      return null;
    }
  }

  /** Terraform's own words, where there are none of ours. */
  private static String said(List<Diagnostic> errors) {
    return errors.isEmpty()
        ? "it ended without a reason"
        : errors.stream()
            .map(error -> (error.address() + " " + error.summary() + "\n" + error.detail()).strip())
            .distinct()
            .collect(Collectors.joining("\n"));
  }
}
