package stacks.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * An IAM policy that only allows.
 *
 * @param statements in order
 */
public record Policy(List<Statement> statements) {
  private static final int WIDTH = 96;
  private static final String INDENT = "\n" + " ".repeat(8);

  /**
   * A statement of it.
   *
   * @param id its Sid
   * @param actions patterns
   * @param resource a pattern
   */
  public record Statement(String id, List<String> actions, String resource) {
    boolean allows(Right right) {
      return matches(resource, right.resource())
          && actions.stream().anyMatch(action -> matches(action, right.action()));
    }
  }

  /** Resources of a cluster as patterns, by Sid: as narrow as what every cluster has in common. */
  private static final Map<String, String> RESOURCES = new LinkedHashMap<>();

  static {
    RESOURCES.put("StateBucket", "arn:aws:s3:::your-states");
    RESOURCES.put("State", "arn:aws:s3:::your-states/rediform/*.tfstate");
    RESOURCES.put("StateLock", "arn:aws:s3:::your-states/rediform/*.tfstate.tflock");
    // What nodes fetch, and no backup: those are in buckets of such names, too.
    RESOURCES.put("NodeObjects", "arn:aws:s3:::rediform-*/nodes/*.json");
    RESOURCES.put("NodeProgram", "arn:aws:s3:::rediform-*/program.pyz");
    RESOURCES.put("NodeBucket", "arn:aws:s3:::rediform-*");
    RESOURCES.put("Secrets", "arn:aws:secretsmanager:*:*:secret:rediform/*");
    RESOURCES.put("NodeRole", "arn:aws:iam::*:role/*-node");
    RESOURCES.put("NodeProfile", "arn:aws:iam::*:instance-profile/*-node");
    RESOURCES.put("AnyResource", Right.ANY);
  }

  /** Actions with a statement of their own: what is said of them is not true of the others. */
  private static final Map<String, String> APART =
      Map.of("secretsmanager:GetSecretValue", "SecretValues", "iam:PassRole", "PassNodeRole");

  /** The least policy of ours that allows this. */
  public static Policy of(Collection<Right> rights) {
    Map<String, TreeSet<String>> actions = new TreeMap<>();
    Map<String, String> resources = new LinkedHashMap<>();
    for (Right right : rights) {
      Map.Entry<String, String> resource = narrowest(right);
      String id = APART.getOrDefault(right.action(), resource.getKey());
      resources.put(id, resource.getValue());
      // They only describe, and each release of the provider asks for others.
      String action = right.action().startsWith("ec2:Describe") ? "ec2:Describe*" : right.action();
      actions.computeIfAbsent(id, any -> new TreeSet<>()).add(action);
    }
    return new Policy(
        actions.entrySet().stream()
            .map(
                entry ->
                    new Statement(
                        entry.getKey(),
                        List.copyOf(entry.getValue()),
                        resources.get(entry.getKey())))
            .toList());
  }

  private static Map.Entry<String, String> narrowest(Right right) {
    return RESOURCES.entrySet().stream()
        .filter(entry -> matches(entry.getValue(), right.resource()))
        .findFirst()
        .orElseThrow();
  }

  /** As IAM does it: {@code *} is any text, slashes too. */
  private static boolean matches(String pattern, String text) {
    return Pattern.matches(Pattern.quote(pattern).replace("*", "\\E.*\\Q"), text);
  }

  /** Reads what {@link #json} has written. */
  public static Policy parse(String json) throws IOException {
    List<Statement> statements = new ArrayList<>();
    for (JsonNode statement : new ObjectMapper().readTree(json).path("Statement")) {
      statements.add(
          new Statement(
              statement.path("Sid").asText(),
              StreamSupport.stream(statement.path("Action").spliterator(), false)
                  .map(JsonNode::asText)
                  .toList(),
              statement.path("Resource").asText()));
    }
    return new Policy(statements);
  }

  public boolean allows(Right right) {
    return statements.stream().anyMatch(statement -> statement.allows(right));
  }

  /** Its actions that none of these rights needs, each with its statement. */
  public List<String> idle(Collection<Right> rights) {
    List<String> idle = new ArrayList<>();
    for (Statement statement : statements) {
      for (String action : statement.actions) {
        Statement alone = new Statement(statement.id, List.of(action), statement.resource);
        if (rights.stream().noneMatch(alone::allows)) {
          idle.add(statement.id + " " + action);
        }
      }
    }
    return idle;
  }

  /** As IAM takes it, in few lines. */
  public String json() {
    return statements.stream()
        .map(
            statement ->
                """
                    {
                      "Sid": "%s",
                      "Effect": "Allow",
                      "Action": [%s],
                      "Resource": "%s"
                    }
                """
                    .formatted(statement.id, packed(statement.actions), statement.resource)
                    .stripTrailing())
        .collect(
            Collectors.joining(
                ",\n", "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n", "\n  ]\n}\n"));
  }

  /** In one line when it fits. */
  private static String packed(List<String> actions) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String action : actions) {
      if (!line.isEmpty() && line.length() + action.length() > WIDTH) {
        lines.add(line.append(",").toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : ", ").append('"').append(action).append('"');
    }
    lines.add(line.toString());
    return lines.size() == 1
        ? lines.get(0)
        : lines.stream().collect(Collectors.joining(INDENT, INDENT, "\n      "));
  }
}
