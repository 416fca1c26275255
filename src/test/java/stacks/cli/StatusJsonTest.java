package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What programs read has the form that they expect; that of a real cluster too: StatusIT. */
class StatusJsonTest {
  static Stream<StatusStates.Case> cases() {
    return StatusStates.cases();
  }

  private static List<Error> errors(String json) throws IOException {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(Files.readString(Path.of("docs/status.schema.json")))
        .validate(json, InputFormat.JSON);
  }

  private static String json(StatusStates.Case each) {
    return Json.write(StatusJson.of(each.report()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void the_report_for_programs_follows_its_schema(StatusStates.Case each) throws IOException {
    assertThat(errors(json(each))).isEmpty();
  }

  @Test
  void a_report_without_an_outlook_or_with_a_key_that_nobody_knows_does_not() throws IOException {
    String json = json(cases().findFirst().orElseThrow());
    assertThat(errors(json.replace("\"outlook\"", "\"weather\""))).isNotEmpty();
    assertThat(errors(json.replace("\"hitRate\"", "\"luck\""))).isNotEmpty();
  }
}
