package stacks.cli;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.cli.Terraform.Diagnostic;
import stacks.cluster.Cluster;

/**
 * What Terraform's errors mean for a cluster, and what to do: one sentence of ours for each kind.
 */
final class TerraformFailure {
  private static final Pattern LOCK =
      Pattern.compile(
          "(?m)^\\s*ID:\\s+(?<id>\\S+)(?:.*?Operation:\\s+(?<what>\\S+))?.*?Who:\\s+(?<who>[^\\n]+?)\\s*\\n.*?Created:\\s+(?<since>[^\\n]+?)\\s*(?:\\n|$)",
          Pattern.DOTALL);

  private TerraformFailure() {}

  /**
   * The failure of a verb that changes nothing.
   *
   * @param verb Terraform's, such as {@code plan}
   * @param formed whether the cluster was whole once
   */
  static Failure of(Cluster cluster, String verb, List<Diagnostic> errors, boolean formed) {
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
        "terraform %s failed, and nothing was changed: %s".formatted(verb, said(errors)));
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
   * The failure of an apply: what is done, what is not, what to do next.
   *
   * @param again the command that goes on from there
   */
  static Failure ofApply(Cluster cluster, Terraform.Applied applied, String again) {
    List<Diagnostic> errors = applied.errors();
    String done =
        applied.done().isEmpty()
            ? "Nothing was changed"
            : "What is done stays (%d of the plan's steps)".formatted(applied.done().size());
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
        boolean isGate = gate.endsWith("-gate") || gate.endsWith("-settings");
        return Failure.no(
            (isGate
                    ? "the gate of %s stayed shut; the line above says why".formatted(node)
                    : "%s did not become whole; the line above says why".formatted(cluster.name()))
                + ". %s. Mend that, then: %s".formatted(done, again));
      }
      Capacity capacity = Capacity.in(text);
      if (capacity != null) {
        return Failure.missing(
            "%s: %s (%s). %s. Then: %s"
                .formatted(
                    error.address(),
                    capacity.meaning,
                    capacity.code,
                    done + ". " + capacity.remedy,
                    again));
      }
    }
    return Failure.missing("%s. %s. Mend the cause, then: %s".formatted(said(errors), done, again));
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
