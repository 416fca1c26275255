package stacks.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import stacks.testing.PythonTests;

/**
 * The faults of the bootstrap and of the store of backups once more with the curl of a newer Debian
 * than this machine's, out of the lab's base image. {@code BootstrapIT} and {@code BucketIT} have
 * those of this one.
 */
class CurlIT {
  @TestFactory
  List<DynamicTest> what_fails_on_the_way_from_the_bucket_is_said_by_the_curl_of_debian_13_too()
      throws Exception {
    return withCurlOfDebian13("test_bootstrap.py");
  }

  @TestFactory
  List<DynamicTest> what_fails_on_the_way_to_the_bucket_is_said_by_the_curl_of_debian_13_too()
      throws Exception {
    return withCurlOfDebian13("test_bucket.py");
  }

  private static List<DynamicTest> withCurlOfDebian13(String tests) throws Exception {
    Lab.assumePossible();
    Path base = BaseImage.of("trixie").toAbsolutePath();
    List<String> curl =
        List.of(
            base.resolve("lib64/ld-linux-x86-64.so.2").toString(),
            "--library-path",
            base.resolve("usr/lib/x86_64-linux-gnu").toString(),
            base.resolve("usr/bin/curl").toString());
    return PythonTests.of(
        tests, Map.of("REDIFORM_CURL", new ObjectMapper().writeValueAsString(curl)));
  }
}
