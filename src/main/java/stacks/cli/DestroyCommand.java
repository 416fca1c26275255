package stacks.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.Lasting;
import stacks.review.Review;

@Command(
    name = "destroy",
    description = {
      "Stops an environment's nodes and removes all that belongs to it, the data included. A cluster"
          + " that was whole once is protected as long as its file says aws.protect: true.",
      "Takes a last backup first, where backups are on and the cluster holds data. Backups stay, and"
          + " so does the bucket that rediform made for them."
    },
    footer = {
      "",
      "Exit code 1 when nothing was destroyed because no last backup can be taken.",
      "",
      "Examples:",
      "  ./rediform destroy local",
      "  ./rediform destroy local --no-last-backup"
    })
final class DestroyCommand implements Callable<Integer> {
  private static final String PLAN = "destroy.plan";

  private static final String PASSWORDS = "aws_secretsmanager_secret";

  /** Without a look at what is there: one cannot be had of a secret that is to be deleted. */
  private static final List<String> WHATEVER_IS_THERE = List.of("-destroy", "-refresh=false");

  @Mixin private EnvironmentArgument environment;

  @Option(names = "--auto-approve", description = "Does not ask; local environments never ask.")
  private boolean autoApprove;

  @Option(
      names = "--no-last-backup",
      description = "Destroys what the cluster holds without a backup of it.")
  private boolean noLastBackup;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Cluster cluster = environment.cluster();
    Ask.checkPossible(cluster, autoApprove);
    SynthCommand.write(List.of(cluster));
    Progress progress = Progress.of(spec);
    Terraform terraform = new Terraform(cluster, progress);
    terraform.destroys();
    StatePlace.init(cluster, terraform);
    boolean local = cluster.isLocal();
    List<String> state = terraform.state();
    if (!local) {
      cluster = checked(cluster, terraform, state);
    }
    JsonNode resources = terraform.resources();
    if (!terraform.plan(PLAN, WHATEVER_IS_THERE)) {
      spec.commandLine().getOut().println("nothing of " + cluster.name() + " is there");
      return ExitCode.FINE;
    }
    if (!local) {
      sayWhatGoes(cluster, resources);
      Ask.orEnd(
          cluster,
          autoApprove,
          "Destroy %s and all that it holds? Only \"yes\" does it: ",
          cluster.name());
    }
    LastBackup backup = new LastBackup(cluster, this::say);
    if (!noLastBackup) {
      backup.take(state);
    }
    if (!local) {
      takeProtectionOff(cluster, terraform, resources);
      // Not before: machines depend on the bucket, so that step would make it anew.
      forgetWhatLasts(terraform, resources);
      terraform.plan(PLAN, WHATEVER_IS_THERE);
    }
    Terraform.Applied applied = terraform.apply(PLAN);
    if (applied.code() != 0) {
      throw failure(cluster, applied, terraform, whatGoes(resources));
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(cluster.name() + " is gone");
    out.println(
        "Gone: %s, with their data, and the passwords"
            .formatted(String.join(", ", cluster.nodes().stream().map(Node::name).toList())));
    backup.where(resources).forEach(out::println);
    out.println("Its file stays. A new and empty cluster:  ./rediform deploy " + cluster.name());
    progress.debug("all that Terraform printed: " + terraform.log());
    return ExitCode.FINE;
  }

  /**
   * The cluster as it may be destroyed; ends the command where it may not. A destroy asks no
   * postcondition, so the file is compared with the state by a plan of a deploy.
   */
  private Cluster checked(Cluster cluster, Terraform terraform, List<String> state) {
    Terraform.Attempt attempt = terraform.tryPlan(PLAN, List.of("-refresh=false"));
    List<Terraform.Diagnostic> errors =
        attempt.errors().stream().filter(DestroyCommand::matters).toList();
    if (!errors.isEmpty()) {
      throw terraform.failure("plan", errors, true);
    }
    boolean formed = state.contains(Terraform.FORMED);
    if (attempt.errors().isEmpty()) {
      Review review = Reviews.made(cluster, PLAN, true);
      formed |= review.known().isLiving();
      refuseStrangers(review);
    }
    if (!cluster.environment().aws().protect()) {
      return cluster;
    } else if (formed) {
      throw Failure.no(
          "%1$s is protected (aws.protect in its file), and nothing was destroyed. To let it go, with its data: aws.protect: false in the file, and ./rediform destroy %1$s again"
              .formatted(cluster.name()));
    }
    say(cluster.name() + " was never whole, so its protection does not count");
    Cluster unprotected = cluster.unprotected();
    SynthCommand.write(List.of(unprotected));
    return unprotected;
  }

  /** With another region or account a destroy would find nothing, and call that a success. */
  private static boolean matters(Terraform.Diagnostic error) {
    return !TerraformFailure.isRefusal(error)
        || error.detail().matches("(?s)(name|aws\\.region|aws\\.account) of .*");
  }

  private static void refuseStrangers(Review review) {
    review.findings().stream()
        .filter(finding -> finding.rule().id().equals("unknown-machines"))
        .findFirst()
        .ifPresent(
            finding -> {
              throw Failure.no(
                  "%s. Nothing was destroyed. %s"
                      .formatted(finding.message(), finding.rule().remedy()));
            });
  }

  private void sayWhatGoes(Cluster cluster, JsonNode resources) {
    PrintWriter out = spec.commandLine().getOut();
    List<String> machines = new ArrayList<>();
    List<String> volumes = new ArrayList<>();
    for (JsonNode resource : resources) {
      String name = resource.path("name").asText();
      switch (resource.path("type").asText()) {
        case "aws_instance" -> machines.add(name);
        case "aws_ebs_volume" ->
            volumes.add(
                "%s (%d GiB)"
                    .formatted(
                        name.replaceFirst("-data$", ""), resource.at("/values/size").asLong()));
        default -> {}
      }
    }
    out.println(cluster.name() + ": everything goes but its backups, and cannot be had back");
    out.println("  machines: " + (machines.isEmpty() ? "none" : String.join(", ", machines)));
    out.println("  data of:  " + (volumes.isEmpty() ? "none" : String.join(", ", volumes)));
    out.println("  and its passwords, addresses, firewall and network");
    out.println("  its backups stay where they are");
    out.flush();
  }

  /**
   * From now on the state knows no bucket for backups, so no plan destroys it, or what guards it.
   */
  private void forgetWhatLasts(Terraform terraform, JsonNode resources) {
    List<String> words = new ArrayList<>(List.of("state", "rm"));
    for (JsonNode resource : resources) {
      if (resource.path("mode").asText().equals("managed")
          && resource.path("name").asText().equals(Lasting.BACKUPS)) {
        words.add(resource.path("address").asText());
      }
    }
    if (words.size() > 2) {
      say("leaves the bucket for backups out of what is destroyed");
      terraform.plainly(words.toArray(String[]::new));
    }
  }

  /**
   * Takes off what guards machines and secret, in a step of its own: a destroy goes by the state
   * and not by the file, and from 6.x on the provider does not lift a machine's guard by itself
   * (terraform-provider-aws#43722).
   */
  private void takeProtectionOff(Cluster cluster, Terraform terraform, JsonNode resources) {
    List<String> targets = new ArrayList<>();
    for (JsonNode resource : resources) {
      boolean guarded =
          resource.at("/values/disable_api_termination").asBoolean()
              || resource.at("/values/recovery_window_in_days").asInt() > 0;
      if (guarded && resource.path("mode").asText().equals("managed")) {
        targets.add("-target=" + resource.path("address").asText());
      }
    }
    if (targets.isEmpty()) {
      return;
    }
    say("takes the protection off");
    terraform.with(WaitCommand.GATES, WaitCommand.WITHOUT_GATES);
    targets.add("-refresh=false");
    if (terraform.plan(PLAN, targets)) {
      Terraform.Applied applied = terraform.apply(PLAN);
      if (applied.code() != 0 && !applied.errors().stream().allMatch(this::isOnItsWayOut)) {
        throw failure(cluster, applied, terraform, List.of());
      } else if (applied.code() != 0) {
        say("the secret with the passwords is scheduled for deletion already, and left to that");
        terraform.plainly(
            "state", "rm", PASSWORDS + "_version.passwords-value", PASSWORDS + ".passwords");
      }
    }
  }

  /** As the provider says it of a secret that is scheduled for deletion: it is not there. */
  private boolean isOnItsWayOut(Terraform.Diagnostic error) {
    return error.address().equals(PASSWORDS + ".passwords")
        && (error.summary() + error.detail()).matches("(?s).*(couldn't find resource|deletion).*");
  }

  /** Addresses of all that is destroyed. */
  private static List<String> whatGoes(JsonNode resources) {
    List<String> addresses = new ArrayList<>();
    for (JsonNode resource : resources) {
      if (resource.path("mode").asText().equals("managed")
          && !resource.path("name").asText().equals(Lasting.BACKUPS)) {
        addresses.add(resource.path("address").asText());
      }
    }
    return addresses;
  }

  private static Failure failure(
      Cluster cluster, Terraform.Applied applied, Terraform terraform, List<String> planned) {
    return TerraformFailure.ofApply(
        cluster, applied, planned, "./rediform destroy " + cluster.name(), terraform.log());
  }

  private void say(String line) {
    Progress.of(spec).accept(line);
  }
}
