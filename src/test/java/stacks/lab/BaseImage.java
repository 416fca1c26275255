package stacks.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import stacks.testing.Run;

/** The disk that hosts are made from: Debian as in the cloud, built once per build folder. */
final class BaseImage {
  private BaseImage() {}

  /** The certificate of the authority that hosts trust for the names the lab answers for. */
  static Path authority() throws IOException, InterruptedException {
    Path authority = Lab.CACHE.resolve("ca.pem");
    if (!Files.exists(authority)) {
      Files.createDirectories(Lab.CACHE);
      Lab.openssl(
          "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=lab-ca"
              + " -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign"
              + " -keyout ca.key -out ca.pem");
    }
    return authority;
  }

  /** The root file system of a Debian release, such as {@code trixie}. */
  static Path of(String suite) throws IOException, InterruptedException {
    Path script = Lab.SCRIPTS.resolve("base.sh");
    CRC32 content = new CRC32();
    content.update(Files.readAllBytes(script));
    content.update(Files.readString(authority()).getBytes(StandardCharsets.UTF_8));
    Path base = Lab.CACHE.resolve(suite + "-" + Long.toHexString(content.getValue()));
    if (!Files.exists(base)) {
      System.out.println("building the lab's base image of Debian " + suite + " (two minutes)");
      Run.of(
              Path.of("."),
              Map.of(),
              "unshare",
              "--mount",
              "--propagation",
              "private",
              "bash",
              script.toString(),
              suite,
              base.toString())
          .succeeded();
    }
    return base;
  }
}
