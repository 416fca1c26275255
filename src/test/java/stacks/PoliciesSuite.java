package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import stacks.testing.Account.Fault;
import stacks.testing.DeployLab;
import stacks.testing.Fork;
import stacks.testing.Golden;
import stacks.testing.Policy;
import stacks.testing.Right;
import stacks.testing.Run;

/**
 * The IAM policies that the pages show are made of the calls of a plan and of deploys. To renew
 * them: {@code mvn verify -Dit.test=PoliciesSuite -Dgolden.update=true}.
 */
class PoliciesSuite {
  private static final Path PLAN_PAGE = Path.of("docs/ci.md");
  private static final Path DEPLOY_PAGE = Path.of("docs/aws.md");

  private static final Pattern PROVIDER =
      Pattern.compile("registry\\.terraform\\.io/hashicorp/aws\" \\{\\s*version += \"([0-9.]+)\"");

  /** Those in which a plan reads the value of a write-only secret: terraform-provider-aws#44876. */
  private static final Pattern READS_VALUES = Pattern.compile("5\\..*|6\\.(\\d|1\\d|2[0-5])\\..*");

  private static final String FILE =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB}
      replicas: {count: 1}
      sentinels: {disk: 10GB}
      network:
        cidr: 10.60.0.0/16
        clients: [10.60.0.0/16]
        shell: SHELL
      aws:
        region: eu-central-1
        state: {backend: s3, bucket: your-states}
        tags: {team: one}
        protect: true
      backup: {lock: 30d}
      """;

  private static final ExecutorService IN_BACKGROUND = Executors.newSingleThreadExecutor();

  private static DeployLab lab;
  private static Fork living;
  private static String provider;
  private static final Set<Right> PLAN = new LinkedHashSet<>();
  private static final Set<Right> DEPLOY = new LinkedHashSet<>();

  @BeforeAll
  static void plan_and_deploy() throws Exception {
    assumeTrue(
        DeployLab.isPossible(), "Terraform, or python3 with moto, boto3 and flask is missing");
    lab = DeployLab.empty(FILE);
    living = lab.fork();
    living.bucket("your-states");
    DEPLOY.addAll(called(living, "deploy", "exp", "--auto-approve"));
    provider = provider(living);
    try (Fork other = living.fork();
        Fork scaled = living.fork()) {
      // Most of it is the provider's own waiting for machines that stop and start.
      Future<List<Right>> changes = IN_BACKGROUND.submit(() -> changes(other));
      living.faults(Fault.always(Right.IGNORED, "UnauthorizedOperation"));
      PLAN.addAll(called(living, "plan", "exp"));
      DEPLOY.addAll(scales(scaled));
      DEPLOY.addAll(changes.get());
    }
    if (Boolean.getBoolean("golden.update")) {
      holdPages();
    }
  }

  private static List<Right> changes(Fork fork) throws Exception {
    fork.edit("memory: 4GB, disk: 20GB", "memory: 16GB, disk: 30GB");
    fork.edit("clients: [10.60.0.0/16]", "clients: [10.61.0.0/16]");
    fork.edit("tags: {team: one}", "tags: {group: one}");
    return called(fork, "deploy", "exp", "--auto-approve", "--approved");
  }

  private static List<Right> scales(Fork fork) throws Exception {
    fork.edit("count: 1", "count: 2");
    List<Right> rights = new ArrayList<>(called(fork, "deploy", "exp", "--auto-approve"));
    fork.edit("count: 2", "count: 1");
    rights.addAll(called(fork, "deploy", "exp", "--auto-approve", "--approved"));
    fork.edit("protect: true", "protect: false");
    rights.addAll(called(fork, "destroy", "exp", "--auto-approve", "--no-last-backup"));
    return rights;
  }

  @AfterAll
  static void end() {
    IN_BACKGROUND.shutdownNow();
    if (living != null) {
      living.close();
    }
    if (lab != null) {
      lab.close();
    }
  }

  private static List<Right> called(Fork fork, String... words) throws Exception {
    fork.log("calls");
    fork.rediform(words).succeeded();
    return fork.calls().stream().flatMap(call -> Right.of(call).stream()).distinct().toList();
  }

  private static String provider(Fork fork) throws IOException {
    Path lock = fork.folder().resolve("cdktf.out/stacks/exp/.terraform.lock.hcl");
    Matcher version = PROVIDER.matcher(Files.readString(lock));
    assertThat(version.find()).isTrue();
    return version.group(1);
  }

  @Test
  void the_pages_show_what_the_calls_need() throws Exception {
    assumeTrue(
        shown(PLAN_PAGE).contains(provider), "the pages are about another release of the provider");
    holdPages();
  }

  private static void holdPages() throws IOException {
    Policy plan = Policy.of(PLAN);
    hold(PLAN_PAGE, plan);
    hold(DEPLOY_PAGE, Policy.of(DEPLOY.stream().filter(right -> !plan.allows(right)).toList()));
  }

  @Test
  void every_call_is_allowed() throws Exception {
    Policy plan = policy(PLAN_PAGE);
    Policy deploy = policy(DEPLOY_PAGE);
    assertThat(PLAN).isNotEmpty().allMatch(plan::allows);
    assertThat(DEPLOY).isNotEmpty().allMatch(right -> plan.allows(right) || deploy.allows(right));
  }

  @Test
  void a_plan_may_not_do_what_a_deploy_does() throws Exception {
    Policy plan = policy(PLAN_PAGE);
    assertThat(List.of("ec2:RunInstances", "ec2:TerminateInstances", "ec2:CreateTags"))
        .noneMatch(action -> plan.allows(new Right(action, "*")));
    assertThat(plan.allows(state("s3:GetObject", ""))).isTrue();
    assertThat(plan.allows(state("s3:PutObject", ""))).isFalse();
    assertThat(plan.allows(state("s3:PutObject", ".tflock"))).isTrue();
  }

  @Test
  void neither_may_read_or_remove_backups() throws Exception {
    String backup = "arn:aws:s3:::rediform-exp-1ff32a09daa4-backups/rediform/exp/1-redis-2.rdb.zst";
    for (Policy policy : List.of(policy(PLAN_PAGE), policy(DEPLOY_PAGE))) {
      assertThat(
              List.of("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"))
          .noneMatch(action -> policy.allows(new Right(action, backup)));
    }
  }

  private static Right state(String action, String suffix) {
    return new Right(action, "arn:aws:s3:::your-states/rediform/exp.tfstate" + suffix);
  }

  @Test
  void every_action_is_needed() throws Exception {
    assertThat(policy(PLAN_PAGE).idle(PLAN)).isEmpty();
    assertThat(policy(DEPLOY_PAGE).idle(DEPLOY)).isEmpty();
  }

  @Test
  void a_plan_without_the_right_to_read_values_needs_a_newer_provider_or_no_refresh()
      throws Exception {
    try (Fork refused = living.fork()) {
      refused.faults(Fault.always("GetSecretValue", "AccessDeniedException"));
      Run plan = refused.rediform("plan", "exp");
      if (READS_VALUES.matcher(provider).matches()) {
        assertThat(plan.exitCode()).isEqualTo(3);
        assertThat(plan.all()).contains("GetSecretValue", "AccessDeniedException");
      } else {
        plan.succeeded();
      }
      Map<String, String> noRefresh = Map.of("TF_CLI_ARGS_plan", "-refresh=false");
      refused.rediform(noRefresh, "plan", "exp").succeeded();
    }
  }

  private static final Pattern MARKED =
      Pattern.compile("(<!-- policy -->\n)(.*?)(<!-- end -->)", Pattern.DOTALL);

  private static Matcher marked(Path page) throws IOException {
    Matcher marked = MARKED.matcher(Files.readString(page));
    assertThat(marked.find()).as("%s has a part for a policy", page).isTrue();
    return marked;
  }

  private static String shown(Path page) throws IOException {
    return marked(page).group(2);
  }

  private static Policy policy(Path page) throws IOException {
    return Policy.parse(shown(page).replaceFirst("(?s).*```json\n(.*)```.*", "$1"));
  }

  private static void hold(Path page, Policy policy) throws IOException {
    String text =
        "\n```json\n%s```\n\nMade of the calls of provider %s.\n\n"
            .formatted(policy.json(), provider);
    Matcher marked = marked(page);
    Golden.hold(
        page,
        marked.replaceFirst(Matcher.quoteReplacement(marked.group(1) + text + marked.group(3))));
  }
}
