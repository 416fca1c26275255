package stacks.lab;

import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/** The tests of a class share a cluster: after one that failed, the others would only wait. */
final class StopAtFailure implements BeforeTestExecutionCallback, TestExecutionExceptionHandler {
  private static final ExtensionContext.Namespace SPACE =
      ExtensionContext.Namespace.create(StopAtFailure.class);

  @Override
  public void beforeTestExecution(ExtensionContext context) {
    String failed = store(context).get("failed", String.class);
    if (failed != null) {
      throw new AssertionError("not tried, because this failed before: " + failed);
    }
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    store(context).put("failed", context.getDisplayName());
    throw failure;
  }

  private static ExtensionContext.Store store(ExtensionContext context) {
    return context.getParent().orElseThrow().getStore(SPACE);
  }
}
