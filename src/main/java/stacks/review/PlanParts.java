package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** What is told of a plan while it is read, part by part. */
interface PlanParts {
  /**
   * One output of the stack.
   *
   * @param action what Terraform does to it
   * @param before what it is now; missing when it is new or sensitive
   * @param after what it will be; missing when it goes or is sensitive
   * @param sensitive whether Terraform hides it
   */
  record Output(String name, Action action, JsonNode before, JsonNode after, boolean sensitive) {}

  /** What will happen, or has happened, to one resource. */
  void see(ResourceChange resource);

  /** One output of the stack. */
  void see(Output output);

  /** One resource of the state that was planned from, or one data source that was looked up. */
  void prior(JsonNode resource);

  /** One part of the configuration, by its address. */
  void configured(String address, Map<String, Long> expressions);

  /**
   * Something that this rediform does not make, or does not read.
   *
   * @param place where it is
   */
  void unknown(String place, String message);

  /** A check of the configuration that does not pass. */
  void failed(String place, String message);

  /** A password or a key in clear. */
  void secret(String place);

  /** The plan leaves something out, for this reason. */
  void incomplete(String reason);
}
