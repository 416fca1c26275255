package stacks.operate.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a second ends in a file of an AOF. */
class AofFileTest {
  private static final String SET = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n%s\r\n";

  @TempDir private Path folder;

  private static String set(String value) {
    return SET.formatted(value.length(), value);
  }

  private OptionalLong end(String text, long second) throws IOException {
    Path file = Files.writeString(folder.resolve("aof"), text, StandardCharsets.ISO_8859_1);
    return AofFile.end(file, second);
  }

  @Test
  void a_second_ends_where_the_next_one_with_a_command_begins() throws IOException {
    String five = "#TS:5\r\n" + set("x") + set("");
    String text = five + "#TS:8\r\n" + set("y");
    assertThat(end(text, 4)).hasValue(0);
    assertThat(end(text, 5)).hasValue(five.length());
    assertThat(end(text, 7)).hasValue(five.length());
    assertThat(end(text, 8)).isEmpty();
    assertThat(end(set("x") + text, 4)).hasValue(set("x").length());
    assertThat(end("", 4)).isEmpty();
  }

  @Test
  void a_value_that_looks_like_a_time_is_none() throws IOException {
    String text = "#TS:5\r\n" + set("\r\n#TS:9\r\n*1\r\n") + set("#TS:9\r\n");
    assertThat(end(text + "#TS:7\r\n" + set("x"), 6)).hasValue(text.length());
    assertThat(end(text, 6)).isEmpty();
  }

  @Test
  void a_command_that_is_not_written_to_its_end_is_no_later_second() throws IOException {
    String text = "#TS:5\r\n" + set("value");
    for (int length = 0; length < text.length(); length++) {
      assertThat(end(text.substring(0, length), 6)).isEmpty();
    }
  }

  @Test
  void what_is_no_aof_is_refused() {
    assertThatThrownBy(() -> end("hello\r\n", 1)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> end("*x\r\n", 1)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> end("#TS:\r\n", 1)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> end("*" + "1".repeat(2000), 1)).isInstanceOf(IOException.class);
  }
}
