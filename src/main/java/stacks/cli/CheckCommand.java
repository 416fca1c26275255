package stacks.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stacks.environment.Location;
import stacks.environment.Problem;

@Command(
    name = "check",
    description = "Checks environment files and reports every problem at once.",
    footer = {"", "Example:", "  ./rediform check production"})
final class CheckCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..*",
      paramLabel = "ENV",
      description = "Environments, by name or file; all of them when none is named.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--json", description = "Reports as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<Environments.Checked> all =
        (names.isEmpty() ? Environments.names() : names).stream().map(Environments::check).toList();
    if (json) {
      out.println(Json.write(all.stream().flatMap(checked -> reports(checked).stream()).toList()));
    } else {
      for (Environments.Checked checked : all) {
        checked.lines().forEach(out::println);
        if (checked.problems().isEmpty()) {
          out.println(checked.file().path() + ": ok");
        }
      }
    }
    return all.stream().anyMatch(Environments.Checked::hasErrors) ? ExitCode.NO : ExitCode.FINE;
  }

  private static List<Map<String, Object>> reports(Environments.Checked checked) {
    List<Map<String, Object>> reports = new ArrayList<>();
    for (Problem problem : checked.problems()) {
      Location at = checked.file().location(problem.key());
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("file", checked.file().path().toString());
      report.put("line", at.line());
      report.put("column", at.column());
      report.put("severity", problem.severity().toString());
      report.put("id", problem.id());
      report.put("key", problem.key());
      report.put("message", problem.message());
      reports.add(report);
    }
    return reports;
  }
}
