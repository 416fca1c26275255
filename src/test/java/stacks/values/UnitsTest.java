package stacks.values;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {
  @ParameterizedTest
  @CsvSource({
    "0b, 0",
    "1kb, 1024",
    "512mb, 536870912",
    "8GB, 8589934592",
    "8GiB, 8589934592",
    "8 gb, 8589934592",
    "8388607tb, 9223370937343148032"
  })
  void memory_is_read_in_powers_of_1024(String text, long bytes) {
    assertThat(Memory.parse(text)).isEqualTo(new Memory(bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "8",
        "8g",
        "6.5gb",
        "-1gb",
        "gb",
        "8 ib",
        "8 \tgb",
        "8388608tb",
        "8\u212Ab",
        "８gb"
      })
  void memory_of_another_form_is_refused(String text) {
    assertThatThrownBy(() -> Memory.parse(text)).hasMessage(Memory.FORM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0b", "1b", "1025b", "1kb", "1536mb", "6gb", "24tb", "2048tb"})
  void memory_is_written_as_it_is_read(String text) {
    assertThat(Memory.parse(text)).hasToString(text);
  }

  @Test
  void share_of_memory_is_exact_to_the_mebibyte_below() {
    assertThat(Memory.gib(8).percent(75)).isEqualTo(Memory.gib(6));
    assertThat(Memory.parse("1001mb").percent(75)).hasToString("750mb");
    assertThat(new Memory(Long.MAX_VALUE).percent(100).bytes()).isPositive();
  }

  @Test
  void part_of_a_gibibyte_takes_a_whole_one_on_disk() {
    assertThat(Memory.gib(20).toGibRoundedUp()).isEqualTo(20);
    assertThat(Memory.parse("20481mb").toGibRoundedUp()).isEqualTo(21);
  }

  @Test
  void negative_memory_cannot_be_made() {
    assertThatThrownBy(() -> new Memory(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({"500ms, 500", "5s, 5000", "5 s, 5000", "1m, 60000", "2h, 7200000", "7d, 604800000"})
  void duration_is_read(String text, long millis) {
    assertThat(Durations.parse(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "5sec", "1.5s", "-5s", "5S", "1w", "1234567890s"})
  void duration_of_another_form_is_refused(String text) {
    assertThatThrownBy(() -> Durations.parse(text)).hasMessage(Durations.FORM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0/0", "10.60.0.0/16", "255.255.255.255/32", "128.0.0.0/1"})
  void block_is_written_as_it_is_read(String text) {
    assertThat(Cidr.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "10.0.0.0", "10.0.0/8", "256.0.0.0/8", "10.0.0.0/33", "010.0.0.0/8", "::/0"})
  void block_of_another_form_is_refused(String text) {
    assertThatThrownBy(() -> Cidr.parse(text)).hasMessage(Cidr.FORM);
  }

  @Test
  void address_inside_a_block_is_refused_with_the_block() {
    assertThatThrownBy(() -> Cidr.parse("10.60.1.2/16"))
        .hasMessage("the start of a block; here that is 10.60.0.0/16");
  }

  @Test
  void block_gives_its_addresses_and_no_others() {
    Cidr block = Cidr.parse("10.0.255.0/24");
    assertThat(block.size()).isEqualTo(256);
    assertThat(block.address(255)).isEqualTo("10.0.255.255");
    assertThatThrownBy(() -> block.address(256)).hasMessage("256 is outside of 10.0.255.0/24");
    assertThatThrownBy(() -> block.address(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void block_is_cut_into_equal_blocks() {
    Cidr block = Cidr.parse("10.60.0.0/16");
    assertThat(block.subnet(20, 15)).hasToString("10.60.240.0/20");
    assertThatThrownBy(() -> block.subnet(20, 16)).hasMessage("no block 16 of /20 in 10.60.0.0/16");
    assertThatThrownBy(() -> block.subnet(15, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> block.subnet(33, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.60.0.0/16, true",
    "10.60.0.0/16, 10.0.0.0/8, true",
    "10.60.0.0/16, 10.61.0.0/16, false",
    "0.0.0.0/0, 255.255.255.255/32, true"
  })
  void blocks_overlap_when_one_holds_the_other(String one, String other, boolean overlap) {
    assertThat(Cidr.parse(one).overlaps(Cidr.parse(other))).isEqualTo(overlap);
  }

  @ParameterizedTest
  @CsvSource({"prot, port", "Port, port", "maxmemroy, maxmemory", "xyzzy,", "'',", "conf, config"})
  void nearest_name_is_the_one_a_finger_slipped_from(String text, String nearest) {
    assertThat(Nearest.of(text, List.of("port", "maxmemory", "config")).orElse(null))
        .isEqualTo(nearest);
  }

  @Test
  void very_long_name_is_near_to_nothing() {
    assertThat(Nearest.of("port".repeat(100_000), List.of("port"))).isEmpty();
  }
}
