package stacks;

import com.hashicorp.cdktf.App;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.platform.ClusterPlatform;
import stacks.platform.Platforms;

/** Writes clusters as Terraform configuration. */
public final class Synth {
  /**
   * How jsii hands on what Node's file system says; a JavaScript stack follows in further lines.
   */
  private static final Pattern FILE_SYSTEM_ERROR = Pattern.compile("Error: (E[A-Z0-9]+: .*)");

  private Synth() {}

  /**
   * Writes {@code stacks/ENV/cdk.tf.json} for each cluster, and beside it the files it refers to.
   * One at a time: all threads share jsii's one conversation with Node, and it mixes up their
   * answers.
   *
   * @param outdir CDKTF's output folder, such as {@code cdktf.out}
   * @throws IOException when a file cannot be written
   */
  public static void write(Path outdir, List<Cluster> clusters) throws IOException {
    write(outdir, clusters, false);
  }

  /**
   * The same.
   *
   * @param first whether it is a first deploy, in which no node has to wait for another
   */
  public static synchronized void write(Path outdir, List<Cluster> clusters, boolean first)
      throws IOException {
    Files.createDirectories(outdir); // Node would do it too, and fail less readably
    App app = App.Builder.create().outdir(outdir.toString()).build();
    for (Cluster cluster : clusters) {
      new RedisStack(app, cluster, Platforms.of(cluster.environment().platform()), first);
    }
    synth(app);
    for (Cluster cluster : clusters) {
      ClusterPlatform platform = Platforms.of(cluster.environment().platform());
      Path stack = stack(outdir, cluster.name());
      removeOld(stack.resolve("nodes"));
      Set<Path> folders = new HashSet<>();
      for (Map.Entry<String, String> file : platform.files(cluster).entrySet()) {
        Path path = stack.resolve(file.getKey());
        if (folders.add(path.getParent())) {
          Files.createDirectories(path.getParent());
        }
        Files.writeString(path, file.getValue());
      }
    }
  }

  /** CDKTF writes its part in Node. */
  private static void synth(App app) throws IOException {
    try {
      app.synth();
    } catch (RuntimeException e) {
      Matcher error = FILE_SYSTEM_ERROR.matcher(String.valueOf(e.getMessage()));
      if (error.lookingAt()) {
        throw new IOException(error.group(1), e);
      }
      throw e;
    }
  }

  /** Files of nodes that are no longer in the environment would only mislead. */
  private static void removeOld(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** Folder of a stack in CDKTF's output folder. */
  public static Path stack(Path outdir, String environment) {
    return outdir.resolve("stacks").resolve(environment);
  }
}
