package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import stacks.testing.Load.Seen;

/** A continuous writer at the clients' place in the lab; see {@link Application}. */
public final class LabClient {
  private final Process process;
  private final BufferedReader out;
  private final Path log;

  private LabClient(Process process, Path log) {
    this.process = process;
    this.log = log;
    out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts one and waits until it writes. */
  static LabClient start(Lab lab, Path environmentFile, String appPassword) throws IOException {
    Path log = lab.folder().resolve("client.log");
    String classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    ProcessBuilder builder =
        new ProcessBuilder(
            lab.at(
                Lab.Place.CLIENT,
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx256m",
                    "-cp",
                    classes,
                    Application.class.getName(),
                    environmentFile.toString())));
    builder.environment().put("REDIS_PASSWORD", appPassword);
    Process process = builder.redirectError(log.toFile()).start();
    LabClient client = new LabClient(process, log);
    String line = client.out.readLine();
    assertThat(line).as("first line; it said: %s", Files.readString(log)).isEqualTo("writing");
    return client;
  }

  /** Stops it, whatever it saw. */
  void abandon() {
    process.destroyForcibly();
  }

  /** Stops it and tells what it saw. */
  public Seen stop() throws IOException {
    process.getOutputStream().close();
    String line = out.readLine();
    assertThat(line).as("it printed: %s", Files.readString(log)).isNotNull();
    return new ObjectMapper().readValue(line, Seen.class);
  }
}
