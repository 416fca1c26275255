package stacks.platform;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What may never change of a cluster that is there, as one resource in its Terraform state.
 *
 * <p>It keeps what the first deploy said, whatever the file says later, and compares at every plan.
 * So a plain {@code cdktf deploy} or {@code terraform plan} is refused as well, before anything
 * changes. A destroy is not: docs/decisions/0024.
 */
public final class Identity {
  /** What the plan review knows of it. */
  public static final ResourceKind KIND = ResourceKind.step("identity");

  /** Name of the resource, a {@code terraform_data}. */
  public static final String NAME = "identity";

  /** Terraform's address of the resource. */
  public static final String ADDRESS = "terraform_data." + NAME;

  /** Name of the Terraform variable that says: the machines that are there are this state's. */
  public static final String ADOPT = "adopt";

  /** What a change of a port would do; see {@link #keep}. */
  public static final String PORT =
      "nodes would no longer find each other while they change one by one, nor applications them."
          + " Put it back";

  /** What another name of the master would do; see {@link #keep}. */
  public static final String MASTER_NAME =
      "Sentinels would watch a master of another name, and applications ask for one that they do not"
          + " know. Put it back";

  private final String environment;
  private final Map<String, Object> input = new LinkedHashMap<>();
  private final List<Object> conditions = new ArrayList<>();

  public Identity(String environment) {
    this.environment = environment;
    fact(
        "name",
        environment,
        "name",
        "a state belongs to one environment. Give the file its name back, or this one another"
            + " aws.state.key");
  }

  /**
   * Adds what must stay.
   *
   * @param key the file's key, such as {@code aws.region}
   * @param value what it says now, as Terraform must be given it
   * @param consequence what would become of the cluster, and what to do instead: a sentence without
   *     its full stop that begins with a small letter
   */
  public Identity keep(String key, String value, String consequence) {
    return fact(key, value, key, consequence);
  }

  private Identity fact(String name, String value, String what, String consequence) {
    input.put(name, value);
    String kept = "self.output[\"" + name + "\"]";
    // A state that is older than this fact has nothing to compare with.
    String condition = "${try(%s == %s, true)}".formatted(kept, expression(value));
    conditions.add(
        Map.of(
            "condition",
            condition,
            "error_message",
            "%s of %s is \"${try(%s, \"\")}\" since the first deploy, and the file now makes it \"%s\": %s."
                .formatted(what, environment, kept, value, consequence)));
    return this;
  }

  /** A whole interpolation as it is, and any other text as one of Terraform's. */
  private static String expression(String value) {
    boolean whole = value.startsWith("${") && value.indexOf('}') == value.length() - 1;
    return whole ? value.substring(2, value.length() - 1) : "\"" + value + "\"";
  }

  /** The resource's arguments. */
  public Map<String, Object> arguments() {
    return Map.of(
        "input",
        input,
        "lifecycle",
        Map.of("ignore_changes", List.of("input"), "postcondition", conditions));
  }
}
