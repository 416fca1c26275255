package stacks.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a verb shows of a run of Terraform that was recorded: the file is the log of a real one, and
 * time passes as it did then.
 */
final class Replay {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final StringWriter shown = new StringWriter();
  private final Set<String> planned = new TreeSet<>();
  private final Steps steps;
  private Instant now = Instant.EPOCH;
  private Instant nextSecond = Instant.EPOCH;
  private TerraformOutput output;
  private int code;

  private Replay(String environment, OptionalInt columns) {
    Progress progress = new Progress(new PrintWriter(shown), () -> columns, false);
    steps = new Steps(environment, progress, () -> now);
    output = new TerraformOutput(steps);
  }

  /** Plays a file of src/test/resources/terraform. */
  static Replay of(String name, OptionalInt columns) throws IOException {
    Replay replay = new Replay("local", columns);
    for (String line : Files.readAllLines(Path.of("src/test/resources/terraform", name + ".log"))) {
      replay.play(line);
    }
    return replay;
  }

  private void play(String line) throws IOException {
    if (!line.startsWith(TerraformLog.NOTE)) {
      JsonNode event = MAPPER.readTree(line);
      if (event.path("type").asText().equals("planned_change")) {
        planned.add(event.at("/change/resource/addr").asText());
      }
      pass(Instant.parse(event.path("@timestamp").asText()));
      output.accept(line);
      return;
    }
    List<String> words = new ArrayList<>(List.of(line.split(" ")));
    Instant moment = Instant.parse(words.get(1));
    if (words.get(2).equals("terraform")) {
      now = moment;
      nextSecond = moment.plusSeconds(1);
      output = new TerraformOutput(steps);
      steps.begin(words.subList(3, words.size()));
    } else {
      pass(moment);
      code = Integer.parseInt(words.get(words.size() - 1));
      steps.end(code == 0 || code == 2);
    }
  }

  /** Some events say only their second. */
  private void pass(Instant moment) {
    while (!nextSecond.isAfter(moment)) {
      now = nextSecond;
      steps.tick();
      nextSecond = nextSecond.plusSeconds(1);
    }
    now = moment.isAfter(now) ? moment : now;
  }

  /** All that standard error got. */
  String shown() {
    return shown.toString();
  }

  /** What came of its apply. */
  Terraform.Applied applied(List<String> stays) {
    return new Terraform.Applied(code, output.done(() -> stays), output.errors());
  }

  /** Addresses that the plan changes. */
  Set<String> planned() {
    return planned;
  }
}
