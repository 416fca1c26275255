package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.testing.Run;

/**
 * The launcher's set-up in a small project whose "Maven" packs its one source: what is built when,
 * by whom, and what is left when that fails.
 */
class LauncherTest {
  private static final Path SETUP = Path.of("src/main/launcher/setup.sh").toAbsolutePath();

  @TempDir private Path folder;

  @BeforeEach
  void project() throws IOException {
    Files.createDirectories(folder.resolve("src/main/java"));
    Files.createDirectories(folder.resolve("src/main/python"));
    Files.createDirectories(folder.resolve("src/main/resources"));
    source("one");
    Files.writeString(folder.resolve("pom.xml"), "<project/>");
  }

  // ---------------------------------------------------------------- what is built

  @Test
  void a_jar_is_built_once() throws Exception {
    assertThat(build().out()).isEqualTo("packs one\n");
    assertThat(build().out()).isEmpty();
  }

  @Test
  void sources_that_are_older_than_the_jar_and_others_are_built() throws Exception {
    build();
    source("two");
    Files.setLastModifiedTime(
        folder.resolve("src/main/java/X"), FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
    assertThat(build().out()).isEqualTo("packs two\n");
  }

  @Test
  void a_source_of_tomorrow_is_built_once() throws Exception {
    Files.setLastModifiedTime(
        folder.resolve("src/main/java/X"), FileTime.from(Instant.now().plusSeconds(86400)));
    assertThat(build().out()).isEqualTo("packs one\n");
    assertThat(build().out()).isEmpty();
  }

  @Test
  void a_jar_that_maven_made_by_itself_is_left_alone() throws Exception {
    build();
    Files.writeString(folder.resolve("target/rediform.jar"), "of mvn verify");
    assertThat(build().out()).isEmpty();
    source("two");
    assertThat(build().out()).isEqualTo("packs two\n");
  }

  @Test
  void what_a_build_left_that_was_interrupted_is_not_built_upon() throws Exception {
    build();
    Files.createFile(folder.resolve("target/rediform.building"));
    Files.createDirectories(folder.resolve("target/lib"));
    Files.writeString(folder.resolve("target/lib/half.jar"), "half");
    assertThat(build().out()).isEqualTo("packs one\n");
    assertThat(folder.resolve("target/lib")).doesNotExist();
    assertThat(build().out()).isEmpty();
  }

  @Test
  void a_build_that_fails_is_tried_once_more_from_the_start() throws Exception {
    String failing = "[ ! -e target/classes ] && pack";
    Files.createDirectories(folder.resolve("target/classes"));
    assertThat(run("package() { %s; }; build_if_stale".formatted(failing)).succeeded().out())
        .isEqualTo("packs one\n");
  }

  @Test
  void a_build_that_fails_for_good_ends_with_code_3_and_is_begun_anew() throws Exception {
    Run failed = run("package() { echo no room > .rediform/build.log; false; }; build_if_stale");
    assertThat(failed.ended(3).err()).contains("no room").contains("to try by hand: mvn package");
    assertThat(build().out()).isEqualTo("packs one\n");
  }

  /** A plan that is piped to `review` is not for Maven, which would read it. */
  @Test
  void what_is_piped_to_a_verb_is_not_read_by_the_build() throws Exception {
    program("mvn", "cat > read; mkdir -p target; echo jar > target/rediform.jar");
    String line =
        "PATH=bin:$PATH; unset -f package; eval \"$(grep '^package()' %s)\"; { build_if_stale; unlock; cat; }"
            .formatted(SETUP);
    assertThat(run("echo plan | { " + line + "; }").succeeded().out()).isEqualTo("plan\n");
    assertThat(folder.resolve("read")).isEmptyFile();
  }

  // ---------------------------------------------------------------- one at a time

  @Test
  void of_two_that_build_at_once_one_builds_and_the_other_waits_and_says_so() throws Exception {
    String slow = "package() { echo begins >> log; until [ -e go ]; do sleep 0.05; done; pack; }; ";
    Run run =
        run(
            slow
                + "( build_if_stale; unlock ) > one 2>&1 & "
                + "until [ -e log ]; do sleep 0.05; done; "
                + "bash -euc '. \"$0\"; archive_classes() { :; }; need_command() { :; }; package() { echo begins >> log; };"
                + " build_if_stale; unlock' "
                + SETUP
                + " > two 2>&1 & second=$!; "
                + "until grep -q waits two; do sleep 0.05; done; touch go; wait $second; wait; cat log");
    assertThat(run.succeeded().out()).isEqualTo("begins\n");
    assertThat(Files.readString(folder.resolve("two")))
        .containsPattern("rediform: waits for process [0-9]+, which builds or installs");
    assertThat(folder.resolve("target/lock").toFile()).doesNotExist();
  }

  @Test
  void a_lock_of_a_process_that_is_gone_holds_nobody_up() throws Exception {
    Files.createDirectories(folder.resolve("target"));
    long gone = new ProcessBuilder("true").start().onExit().get().pid();
    Files.createSymbolicLink(folder.resolve("target/lock"), Path.of(String.valueOf(gone)));
    assertThat(build().out()).isEqualTo("packs one\n");
    assertThat(Files.isSymbolicLink(folder.resolve("target/lock"))).isFalse();
  }

  /** The tests' projects share target/ with it: they would wait for it as long as it runs them. */
  @Test
  void verify_holds_the_lock_no_longer_than_it_installs() throws Exception {
    Files.createDirectories(folder.resolve("src/main/launcher"));
    Files.writeString(
        folder.resolve("src/main/launcher/setup.sh"),
        """
        . %s
        for need in $(compgen -A function need_); do eval "$need() { lock; }"; done
        build_if_stale() { lock; }
        python3() { :; }
        """
            .formatted(SETUP));
    Files.createDirectories(folder.resolve("src/test/npm/node_modules"));
    Files.createFile(folder.resolve("src/test/npm/node_modules/.package-lock.json"));
    Files.copy(Path.of("verify"), folder.resolve("verify"), StandardCopyOption.COPY_ATTRIBUTES);
    program("mvn", "test ! -L target/lock");
    Map<String, String> environment =
        Map.of(
            "PATH",
            folder.resolve("bin") + ":" + System.getenv("PATH"),
            "REDIFORM_TF_MIRROR",
            "/none");
    Run.of(folder, environment, "./verify").succeeded();
  }

  // ---------------------------------------------------------------- versions and exit codes

  @ParameterizedTest
  @CsvSource({
    "java, 11.0.2, need_java, 17",
    "node, v16.20.2, need_node, 18",
    "python3, Python 3.8.10, need_local, 3.9",
    "redis-server, Redis server v=6.0.16 sha=00000000:0, need_local, 7.0",
    "terraform, Terraform v1.5.7, need_terraform, 1.11",
  })
  void a_program_that_is_too_old_ends_with_code_3_and_the_version_that_it_wants(
      String program, String says, String need, String least) throws Exception {
    Path path = program(program, "echo '" + says + "'");
    Run run = run("PATH=%s:$PATH; %s".formatted(path.getParent(), need)).ended(3);
    assertThat(run.err())
        .startsWith("rediform: " + path + " is version ")
        .contains("and rediform needs " + least + " or newer; ");
  }

  @Test
  void a_program_that_is_new_enough_is_asked_once() throws Exception {
    Path path = program("node", "echo asked >> %s; echo v18.19.0".formatted(folder.resolve("log")));
    String twice = "PATH=%s:$PATH; need_node; need_node".formatted(path.getParent());
    run(twice).succeeded();
    assertThat(folder.resolve("log")).hasContent("asked");
  }

  @Test
  void a_program_that_says_no_version_may_be_broken_and_is_named() throws Exception {
    Path path = program("node", "echo cannot load library >&2; exit 127");
    assertThat(run("PATH=%s:$PATH; need_node".formatted(path.getParent())).ended(3).err())
        .contains(path + " does not say which version it is")
        .contains("node --version");
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "exit 1", "exit 127", "ls /nowhere"})
  void whatever_ends_before_rediform_itself_ends_with_code_3(String what) throws Exception {
    assertThat(run("answer_for_all; " + what).ended(3).err())
        .contains("the set-up ended with code ");
  }

  @ParameterizedTest
  @CsvSource({"exit 0, 0", "answered=yes; exit 2, 2", "missing it, 3", "exit 130, 130"})
  void other_exit_codes_stay(String what, int code) throws Exception {
    run("answer_for_all; " + what).ended(code);
  }

  // ---------------------------------------------------------------- other systems

  /** What only GNU's programs, or a bash newer than that of macOS (3.2), understand. */
  private static final List<String> GNU_ONLY =
      List.of(
          "sed -i",
          "grep -P",
          "sort -z",
          "xargs -r",
          "xargs -d",
          "date -d",
          "date +%N",
          "stat -c",
          "-printf",
          "-quit",
          "cp -a",
          "--reflink",
          "timeout ",
          "tac ",
          "mapfile",
          "readarray",
          "declare -A",
          "${1,,}",
          "|&",
          "&>>",
          "realpath",
          "head -n -",
          "mktemp --",
          "ln -r",
          "--ignore-missing",
          "find -L . -maxdepth 1 -empty -delete -printf");

  @Test
  void the_launcher_holds_nothing_that_only_gnu_programs_understand() throws Exception {
    for (Path file : List.of(Path.of("rediform"), SETUP)) {
      assertThat(Files.readString(file)).doesNotContain(GNU_ONLY.toArray(String[]::new));
    }
  }

  private Run build() throws Exception {
    return run("build_if_stale; unlock").succeeded();
  }

  /** Some lines of shell after the launcher's, in the small project. */
  private Run run(String lines) throws Exception {
    String script =
        """
        . %s
        pack() { echo "packs $(cat src/main/java/X)"; mkdir -p target; cp src/main/java/X target/rediform.jar; }
        package() { pack; }
        archive_classes() { :; }
        %s
        """
            .formatted(SETUP, lines);
    return Run.of(folder, Map.of(), "bash", "-euo", "pipefail", "-c", script);
  }

  private void source(String text) throws IOException {
    Files.writeString(folder.resolve("src/main/java/X"), text);
  }

  private Path program(String name, String line) throws IOException {
    Path path = Files.createDirectories(folder.resolve("bin")).resolve(name);
    Files.writeString(path, "#!/bin/sh\n" + line + "\n");
    assertThat(path.toFile().setExecutable(true)).isTrue();
    return path.toRealPath();
  }
}
