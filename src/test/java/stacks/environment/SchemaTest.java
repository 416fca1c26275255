package stacks.environment;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.testing.Golden;

class SchemaTest {
  private static final Path FILE = Path.of("environments/schema.json");

  @Test
  void checked_in_schema_is_what_the_records_say() throws IOException {
    Golden.hold(FILE, Schema.json());
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "staging", "production", "production-symmetric"})
  void every_environment_of_the_repository_is_valid(String name) throws IOException {
    assertThat(errors(Files.readString(Path.of("environments", name + ".yaml")))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "platform: local\nredis:\nmaster: {}\naccepts: []\n",
        "platform: local\nredis: {config: {hz: 20, activedefrag: yes, save: '', a: true}}\n",
        "platform: local\nmaster: {memory: 512MiB, disk: 8 gb}\nsentinels: {downAfter: 5000ms}\n",
      })
  void what_the_reader_takes_is_valid(String text) throws IOException {
    assertThat(errors(text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "platform: azure\n",
        "platform: local\nredsi: {}\n",
        "platform: local\nmaster: {cpu: 0}\n",
        "platform: local\nmaster: {cpu: '4'}\n",
        "platform: local\nmaster: {memory: 8}\n",
        "platform: local\nmaster: {memory: 8g}\n",
        "platform: local\nreplicas: {count: 5001}\n",
        "platform: local\nsentinels: {downAfter: 5}\n",
        "platform: local\nnetwork: {cidr: 10.0.0.0}\n",
        "platform: local\nnetwork: {clients: 10.0.0.0/8}\n",
        "platform: local\nnetwork: {existing: {vpc: mine}}\n",
        "platform: local\naws: {protect: maybe}\n",
        "platform: local\naccepts: [{rule: single-zone}]\n",
      })
  void what_the_reader_refuses_is_invalid(String text) throws IOException {
    assertThat(errors(text)).isNotEmpty();
  }

  private static java.util.List<com.networknt.schema.Error> errors(String yaml) throws IOException {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(Schema.json())
        .validate(yaml, InputFormat.YAML);
  }
}
