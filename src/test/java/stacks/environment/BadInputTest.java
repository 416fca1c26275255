package stacks.environment;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person reads who got a file wrong, word for word, with the place. */
class BadInputTest {
  private static final String ALL_SECTIONS =
      "known here: platform, redis, master, replicas, sentinels, network, aws, backup, metrics, accepts, review";
  private static final String NOT_PLAIN =
      "error not-plain: anchors (&), aliases (*) and tags (!) are not allowed; write the value"
          + " out, in quotes where it starts with such a character";
  private static final String TOO_DEEP =
      "error not-yaml: nested deeper than 10 levels; no key is that deep";
  private static final String EMPTY =
      "1:1: error empty-file: there is nothing in the file; the least it needs is: platform: local";
  private static final String MEMORY =
      "; allowed: a whole number with a unit, such as 512mb, 8GB or 8GiB, from ";
  private static final String DURATION =
      "; allowed: a whole number with a unit, such as 500ms, 5s, 1m or 7d, from ";

  @TempDir Path folder;

  static Stream<Arguments> unreadable() {
    return Stream.of(
        Arguments.of("", EMPTY),
        Arguments.of("# nothing\n\n", EMPTY),
        Arguments.of("---\n", EMPTY),
        Arguments.of("null\n", EMPTY),
        Arguments.of(
            "hello\n",
            "1:1: error not-yaml: found \"hello\"; an environment file is keys and values, such as:"
                + " platform: local"),
        Arguments.of(
            "\n- platform: local\n",
            "2:1: error not-yaml: found a list; an environment file is keys and values, such as:"
                + " platform: local"),
        Arguments.of(
            "platform: local\nmaster: {cpu: 2\nreplicas: {}\n",
            "3:9: error not-yaml: this is not YAML: expected ',' or '}', but got : (while parsing a"
                + " flow mapping that starts in line 2)"),
        Arguments.of(
            "platform: local\nmaster:\n  cpu: 2\n   memory: 4GB\n",
            "4:10: error not-yaml: this is not YAML: mapping values are not allowed here"),
        Arguments.of(
            "platform: local\nmaster:\n\tcpu: 2\n",
            "3:1: error not-yaml: this is not YAML: found character '\\t(TAB)' that cannot start any"
                + " token (Do not use \\t(TAB) for indentation)"),
        Arguments.of(
            "platform: \"local\nmaster: {}\n",
            "3:1: error not-yaml: this is not YAML: found unexpected end of stream (while scanning a"
                + " quoted scalar that starts in line 1)"),
        Arguments.of(
            "platform: local\nmaster:\n  cpu: \0 2\n",
            "3:8: error not-yaml: the character U+0000 is not allowed in YAML; remove it"),
        Arguments.of(
            "platform: local\n? [a, b]\n: c\n",
            "2:4: error not-yaml: keys must be plain text, and values text, lists or sections"),
        Arguments.of(
            "platform: local\n---\nplatform: aws\n",
            "3:1: error not-yaml: a second document starts here; an environment file holds one"),
        Arguments.of(
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nplatform: local\n", "1:4: " + NOT_PLAIN),
        Arguments.of("platform: local\nmaster: &m\n  cpu: *m\n", "2:9: " + NOT_PLAIN),
        Arguments.of("platform: local\nmaster:\n  cpu: *cpus\n", "3:8: " + NOT_PLAIN),
        Arguments.of("platform: !!java.net.URL local\n", "1:11: " + NOT_PLAIN),
        Arguments.of("platform: local\nmaster: " + "[".repeat(100_000), "2:19: " + TOO_DEEP),
        Arguments.of(
            "platform: local\nmaster: " + "[".repeat(100_000) + "]".repeat(100_000),
            "2:19: " + TOO_DEEP),
        Arguments.of("a: " + "{a: ".repeat(50_000), "1:44: " + TOO_DEEP),
        Arguments.of(
            "platform: local\n" + "x".repeat(90_000) + ": 1\n",
            "2:90001: error not-yaml: this is not YAML: could not find expected ':' (while scanning"
                + " a simple key that starts in line 2)"),
        Arguments.of(
            "# " + "x".repeat(256 << 10),
            "1:1: error too-large: the file is larger than 256 KiB; is this an environment file?"));
  }

  @ParameterizedTest
  @MethodSource("unreadable")
  void unreadable_file_has_one_problem_and_its_place(String text, String line) {
    assertThat(Checked.text(folder, text).lines()).containsExactly(line);
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        Arguments.of(
            "platfrom: local\nredis:\n  prot: 6379\nxyzzy: 1\n",
            new String[] {
              "1:1: error unknown-key: unknown key \"platfrom\"; did you mean \"platform\"?",
              "3:3: error unknown-key: unknown key \"prot\"; did you mean \"port\"?",
              "4:1: error unknown-key: unknown key \"xyzzy\"; " + ALL_SECTIONS
            }),
        Arguments.of(
            "redis:\n  port: 6379\n",
            new String[] {"1:1: error missing-key: platform: missing; allowed: aws, local"}),
        Arguments.of(
            "platform:\n",
            new String[] {"1:1: error wrong-value: platform: found nothing; allowed: aws, local"}),
        Arguments.of(
            "platform: AWS\n",
            new String[] {"1:1: error wrong-value: platform: found \"AWS\"; allowed: aws, local"}),
        Arguments.of(
            "platform: local\nmaster:\n  memory: 8\n  disk: 8g\n  maxmemory: 6.5gb\n"
                + "sentinels:\n  downAfter: 5\n  failoverTimeout: 1 minute\n",
            new String[] {
              "3:3: error wrong-value: memory: found \"8\"" + MEMORY + "512mb to 24tb",
              "4:3: error wrong-value: disk: found \"8g\"" + MEMORY + "1GB to 16tb",
              "5:3: error wrong-value: maxmemory: found \"6.5gb\"" + MEMORY + "1mb to 24tb",
              "7:3: error wrong-value: downAfter: found \"5\"" + DURATION + "500ms to 10m",
              "8:3: error wrong-value: failoverTimeout: found \"1 minute\"" + DURATION + "1s to 1h"
            }),
        Arguments.of(
            "platform: local\nmaster:\n  cpu: -1\n  memory: -8GB\n  disk: 999999999999tb\n"
                + "replicas:\n  count: 99999999999999999999\nredis:\n  port: 80\n",
            new String[] {
              "3:3: error wrong-value: cpu: found \"-1\"; allowed: a whole number, from 1 to 448",
              "4:3: error wrong-value: memory: found \"-8GB\"" + MEMORY + "512mb to 24tb",
              "5:3: error wrong-value: disk: found \"999999999999tb\"" + MEMORY + "1GB to 16tb",
              "7:3: error wrong-value: count: found \"99999999999999999999\"; allowed: a whole"
                  + " number, from 1 to 5000",
              "9:3: error wrong-value: port: found \"80\"; allowed: a whole number, from 1024 to"
                  + " 65535"
            }),
        Arguments.of(
            "platform: local\nredis: {port: 06379}\nmaster: {cpu: 1_0}\nreplicas: {count: 0x2}\n",
            new String[] {
              "2:9: error wrong-value: port: found \"06379\"; allowed: a whole number, from 1024 to"
                  + " 65535",
              "3:10: error wrong-value: cpu: found \"1_0\"; allowed: a whole number, from 1 to 448",
              "4:12: error wrong-value: count: found \"0x2\"; allowed: a whole number, from 1 to"
                  + " 5000"
            }),
        Arguments.of(
            "platform: local\nmaster:\n  cpu: 1\n  cpu: 2\nplatform: aws\n",
            new String[] {
              "4:3: error duplicate-key: cpu: stands in line 3 already; keep one of the two",
              "5:1: error duplicate-key: platform: stands in line 1 already; keep one of the two"
            }),
        Arguments.of(
            "platform: [local]\nredis: 6379\nnetwork:\n  clients: 10.0.0.0/8\n  zones: {a: b}\n"
                + "accepts:\n- single-zone\n",
            new String[] {
              "1:1: error wrong-value: platform: found a list; allowed: aws, local",
              "2:1: error wrong-value: redis: found \"6379\"; allowed: a section with the keys"
                  + " install, source, port, maxmemoryPolicy, config",
              "4:3: error wrong-value: clients: found \"10.0.0.0/8\"; allowed: a list, each item an"
                  + " IPv4 block such as 10.60.0.0/16",
              "5:3: error wrong-value: zones: found a section; allowed: a list, each item a zone"
                  + " name such as eu-central-1a",
              "7:3: error wrong-value: accepts[0]: found \"single-zone\"; allowed: a section with"
                  + " the keys rule, reason, until"
            }),
        Arguments.of(
            "platform: local\nnetwork:\n  cidr: 10.0.0.0/30\n  clients: [10.0.0.1/8, 300.0.0.0/8]\n",
            new String[] {
              "3:3: error wrong-value: cidr: found \"10.0.0.0/30\"; allowed: an IPv4 block such as"
                  + " 10.60.0.0/16, from /24 to /16",
              "4:13: error wrong-value: clients[0]: found \"10.0.0.1/8\"; allowed: the start of a"
                  + " block; here that is 10.0.0.0/8",
              "4:25: error wrong-value: clients[1]: found \"300.0.0.0/8\"; allowed: an IPv4 block"
                  + " such as 10.60.0.0/16"
            }),
        Arguments.of(
            "platform: local\nnetwork:\n  existing:\n    subnets:\n    - id: subnet-1\n",
            new String[] {
              "3:3: error missing-key: vpc: missing; allowed: a VPC id such as vpc-0a1b2c3d",
              "5:7: error missing-key: zone: missing; allowed: a zone name such as eu-central-1a",
              "5:7: error missing-key: cidr: missing; allowed: an IPv4 block such as 10.60.0.0/16,"
                  + " from /28 to /8",
              "5:7: error wrong-value: id: found \"subnet-1\"; allowed: a subnet id such as"
                  + " subnet-0a1b2c3d"
            }),
        Arguments.of(
            "platform: local\nredis:\n  config:\n    save:\n    hz: [1]\n    loglevel: \"a\\nport 1\"\n"
                + "    \"x\\e[31m\": 1\n",
            new String[] {
              "4:5: error wrong-value: save: found nothing; allowed: one value of at most 1000"
                  + " characters",
              "5:5: error wrong-value: hz: found a list; allowed: one value of at most 1000"
                  + " characters",
              "6:5: error wrong-value: loglevel: found \"a\\u000aport 1\"; allowed: text on one"
                  + " line, without control characters",
              "7:5: error wrong-value: x\\u001b[31m: found \"1\"; allowed: names on one line,"
                  + " without control characters"
            }),
        Arguments.of(
            "platform: " + "x".repeat(200_000) + "\n",
            new String[] {
              "1:1: error wrong-value: platform: found \""
                  + "x".repeat(60)
                  + "…\"; allowed: aws, local"
            }));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void every_wrong_value_is_named_in_one_run(String text, String[] lines) {
    assertThat(Checked.text(folder, text).lines()).containsExactlyInAnyOrder(lines);
  }

  @Test
  void very_long_directive_is_refused_and_shown_in_short() {
    assertThat(
            Checked.text(
                    folder,
                    "platform: local\nredis: {config: {hz: '\"" + "x".repeat(200_000) + "'}}\n")
                .lines())
        .containsExactly(
            "2:18: error wrong-value: hz: found \"\""
                + "x".repeat(59)
                + "…\"; allowed: one value of at most 1000 characters");
  }

  @Test
  void problems_stand_in_the_order_of_the_file() {
    assertThat(
            Checked.text(folder, "aws: {protect: 1}\nmaster: {cpu: 0}\nplatform: x\n")
                .lines()
                .stream()
                .map(line -> line.substring(0, 2)))
        .containsExactly("1:", "2:", "3:");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\uFEFFplatform: local\nmaster:\n  cpu: x\n",
        "platform: local\r\nmaster:\r\n  cpu: x\r\n",
        "platform: local\rmaster:\r  cpu: x\r",
      })
  void byte_order_mark_and_foreign_line_ends_move_no_place(String text) {
    assertThat(Checked.text(folder, text).lines())
        .containsExactly(
            "3:3: error wrong-value: cpu: found \"x\"; allowed: a whole number, from 1 to 448");
  }

  @Test
  void text_in_another_encoding_is_refused() {
    String line = "1:1: error not-yaml: this is not text in UTF-8; save it as UTF-8";
    String text = "platform: local # grüße\n";
    assertThat(Checked.bytes(folder, "test.yaml", text.getBytes(ISO_8859_1)).lines())
        .containsExactly(line);
    assertThat(Checked.bytes(folder, "test.yaml", text.getBytes(UTF_16)).lines())
        .containsExactly(line);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Test.yaml", "my env.yaml", "1st.yaml", "test.yml", "test"})
  void file_name_that_cannot_name_an_environment_is_refused(String name) {
    assertThat(Checked.bytes(folder, name, "platform: local\n".getBytes(UTF_8)).lines())
        .containsExactly(
            "1:1: error wrong-name: the file is called \""
                + name
                + "\"; its name is the environment's, so it must be lower-case letters, digits and"
                + " dashes, from a letter on, at most 31, and then .yaml");
  }

  @Test
  void wrong_file_name_hides_no_other_problem() {
    assertThat(Checked.bytes(folder, "X.yaml", "platform: aws\n".getBytes(UTF_8)).ids())
        .contains("error missing-region aws.region");
  }

  @Test
  void file_that_is_not_there_is_an_exception() {
    assertThatThrownBy(() -> EnvironmentFile.read(folder.resolve("none.yaml")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void empty_sections_are_as_good_as_absent_ones() {
    assertThat(
            Checked.text(folder, "platform: local\nredis:\nmaster: ~\nreplicas: {}\naccepts:\n")
                .lines())
        .isEmpty();
  }

  @Test
  void misspelled_key_still_counts_for_the_rules() {
    assertThat(
            Checked.text(folder, "platform: local\nmaster: {memroy: 16GB, maxmemory: 12gb}\n")
                .lines())
        .containsExactly(
            "2:10: error unknown-key: unknown key \"memroy\"; did you mean \"memory\"?");
  }
}
