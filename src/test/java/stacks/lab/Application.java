package stacks.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import stacks.cluster.Cluster;
import stacks.environment.EnvironmentFile;
import stacks.operate.Password;
import stacks.operate.Writer;

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
    Cluster cluster = Cluster.of(file.name(), file.environment());
    String password = System.getenv("REDIS_PASSWORD");
    List<String> masters = Collections.synchronizedList(new ArrayList<>());
    String prefix = "lab:" + Long.toHexString(System.nanoTime()) + ":";
    Writer writer =
        new Writer(
            cluster,
            new Password(password),
            prefix,
            (before, now) -> {
              masters.add(now);
              if (masters.size() == 1) {
                System.out.println("writing");
              }
            });
    WriteProbe probe = new WriteProbe(cluster, password);
    ReadProbe reader = new ReadProbe(cluster, password);
    Presence presence = new Presence(cluster, password);
    System.in.readAllBytes();
    presence.close();
    reader.close();
    probe.close();
    writer.close();
    Map<String, Object> seen =
        Map.of(
            "acknowledged", writer.acknowledged(),
            "longestGapMillis", writer.longestGap().toMillis(),
            "masters", masters,
            "splits", probe.splits(),
            "longestReadGapMillis", reader.longestGapMillis(),
            "dataNodesAway", presence.mostAway("redis"),
            "sentinelsAway", presence.mostAway("sentinel"),
            "lost", writer.countLostAndCleanUp());
    System.out.println(new ObjectMapper().writeValueAsString(seen));
    System.exit(0);
  }
}
