package stacks.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import stacks.cluster.Cluster;
import stacks.environment.EnvironmentFile;
import stacks.platform.Platforms;
import stacks.testing.Load;

/**
 * The program of {@link LabClient}: an application in the lab's network that writes all the time,
 * in a process of its own because a process is in one network only.
 *
 * <p>Prints "writing" after the first write, goes on until its standard input ends, and then prints
 * what it saw as one line of JSON.
 */
final class Application {
  private Application() {}

  public static void main(String[] arguments) throws IOException {
    EnvironmentFile file = EnvironmentFile.read(Path.of(arguments[0]));
    Cluster cluster = Platforms.cluster(file.name(), file.environment());
    Load load =
        new Load(cluster, System.getenv("REDIS_PASSWORD"), () -> System.out.println("writing"));
    System.in.readAllBytes();
    System.out.println(new ObjectMapper().writeValueAsString(load.stop()));
    System.exit(0);
  }
}
