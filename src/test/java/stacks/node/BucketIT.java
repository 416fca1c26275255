package stacks.node;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import stacks.testing.PythonTests;

/** The store of backups in a bucket of S3, under faults of each call. */
class BucketIT {
  @TestFactory
  List<DynamicTest> a_backup_is_in_the_bucket_as_a_whole_or_not_at_all() throws Exception {
    return PythonTests.of("test_bucket.py", Map.of());
  }
}
