package stacks.monitoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Run;

/** The dashboards are what Grafana's own types say that a dashboard is, by the compiler. */
class DashboardTypesTest {
  private static final Path MODULES = Path.of("src/test/npm/node_modules").toAbsolutePath();

  /** In JSON a value of an enumeration is a string. */
  private static final String FRAME =
      """
      import type { Dashboard, Panel } from '@grafana/schema';
      type Json<T> = T extends string ? `${T}` : T extends (infer E)[] ? Json<E>[]
        : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
      const dashboard: Json<Dashboard> & { panels: Json<Panel>[] } =
      """;

  @Test
  void each_dashboard_has_the_types_of_grafana(@TempDir Path folder) throws Exception {
    compile(folder, Dashboards.files()).succeeded();
  }

  @Test
  void what_grafana_would_not_take_is_found(@TempDir Path folder) throws Exception {
    Run run =
        compile(
            folder,
            Map.of("a.json", Dashboards.files().get("cluster.json").replace("\"bytes\"", "7")));
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.out()).contains("not assignable to type 'string'");
  }

  private static Run compile(Path folder, Map<String, String> dashboards) throws Exception {
    Path compiler = MODULES.resolve("typescript/bin/tsc");
    assumeThat(compiler).as("to get it: ./verify --prepare").exists();
    assumeThat(MODULES.resolve("@grafana/schema")).as("to get it: ./verify --prepare").exists();
    Files.createSymbolicLink(folder.resolve("node_modules"), MODULES);
    List<String> command =
        new ArrayList<>(
            List.of("node", compiler.toString(), "--noEmit", "--strict", "--skipLibCheck"));
    command.addAll(List.of("--module", "esnext", "--moduleResolution", "node"));
    command.addAll(List.of("--target", "es2022"));
    for (Map.Entry<String, String> file : dashboards.entrySet()) {
      String name = file.getKey().replace(".json", ".ts");
      Files.writeString(
          folder.resolve(name), FRAME + file.getValue() + ";\nexport default dashboard;\n");
      command.add(name);
    }
    return Run.of(folder, Map.of(), command);
  }
}
