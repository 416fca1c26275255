package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** Drills on a real local cluster, under continuous writes. */
class DrillIT {
  @Test
  void a_crash_moves_the_master_and_a_handover_loses_no_write() throws Exception {
    int port = Project.freePorts(12);
    try (Project project = Project.create().environment("local", Project.smallLocal(port))) {
      project.rediform("deploy", "local").succeeded();

      Run drill = project.rediform("drill", "local", "--json").succeeded();
      JsonNode reports = new ObjectMapper().readTree(drill.out());
      JsonNode crash = reports.get(0);
      assertThat(crash.get("fault").asText()).isEqualTo("crash");
      assertThat(crash.get("masterAfter")).isNotEqualTo(crash.get("masterBefore"));
      assertThat(crash.get("timeline")).isNotEmpty();
      JsonNode handover = reports.get(1);
      assertThat(handover.get("fault").asText()).isEqualTo("handover");
      assertThat(handover.get("masterAfter")).isNotEqualTo(handover.get("masterBefore"));
      assertThat(handover.get("acknowledged").asInt()).isPositive();
      assertThat(handover.get("lost").asInt()).isZero();

      for (int i = 0; i < 3; i++) {
        Run again = project.rediform("drill", "local", "--fault", "handover").succeeded();
        assertThat(again.out()).contains(", 0 of ").contains("acknowledged writes lost");
      }
      Eventually.within(
          Duration.ofSeconds(30), () -> project.rediform("status", "local").succeeded());
      project.rediform("destroy", "local", "--no-last-backup").succeeded();
    }
  }
}
