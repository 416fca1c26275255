package stacks.review;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import stacks.platform.Effect;

/**
 * What a machine is told, as far as documents of any two releases can be compared. Each of the four
 * names may be missing; what else a document has, only its agent knows for certain.
 *
 * @param agent checksum of the program that understands it
 * @param startup what the server only learns when it starts
 * @param live directives that Redis takes while it runs
 * @param allow who may connect
 * @param rest all that has no name here
 */
record Document(
    Optional<String> agent,
    Optional<JsonNode> startup,
    Optional<Map<String, String>> live,
    Optional<JsonNode> allow,
    Map<String, JsonNode> rest) {
  /** Said where an agent changes, which a node tries and takes back by itself. */
  static final String NEW_RELEASE = "new release of rediform";

  private static final String AGENT = "agent";
  private static final String STARTUP = "startup";
  private static final String LIVE = "live";
  private static final String ALLOW = "allow";
  private static final String BACKUP = "backup";
  private static final String UNDO = "undo";
  private static final String METRICS = "metrics";

  /** What a person knows a part of a document by; parts of an object are looked up by their own. */
  private static final Map<String, String> WORDS =
      Map.ofEntries(
          Map.entry("version", "the version of Redis"),
          Map.entry("users", "what users may do"),
          Map.entry("disk", "the size of its volume"),
          Map.entry("keys", "the operators' keys"),
          Map.entry("secret", "where its passwords are"),
          Map.entry("region", "where its passwords are"),
          Map.entry("source", "where Redis comes from"),
          Map.entry("masterName", "master-name"),
          Map.entry("redisSeeds", "which nodes there are"),
          Map.entry("sentinelSeeds", "which nodes there are"),
          Map.entry("firstMaster", "which nodes there are"),
          Map.entry("downAfterMilliseconds", "down-after-milliseconds"),
          Map.entry(BACKUP, "whether it is backed up"),
          Map.entry("everySeconds", "how often it is backed up"),
          Map.entry("keepDays", "how long backups are kept"),
          Map.entry("keepLast", "how long backups are kept"),
          Map.entry("place", "where backups are"),
          Map.entry("recipients", "who can decrypt backups"),
          Map.entry(UNDO, "how far back an undo goes"),
          Map.entry("seconds", "how far back an undo goes"),
          Map.entry("bytes", "the room for an undo's history"),
          Map.entry(METRICS, "whether it has exporters"),
          Map.entry("nodePort", "the ports of its exporters"),
          Map.entry("redisPort", "the ports of its exporters"),
          Map.entry("proofEverySeconds", "how old a proof of a restore may be"));

  /** Objects whose parts are told by themselves: directives by name, the rest in words. */
  private static final Set<String> OPENED =
      Set.of("directives", "monitor", "machine", BACKUP, UNDO, METRICS);

  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          // Of two values the one that is read need not be the one that the agent reads.
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** Reads an object's content; empty when it is something else. */
  static Optional<Document> of(String content) {
    try {
      JsonNode json = MAPPER.readTree(content);
      boolean isOne =
          json.isObject()
              && isMissingOr(json.path(AGENT), JsonNode::isTextual)
              && isMissingOr(json.path(STARTUP), JsonNode::isObject)
              && isMissingOr(json.path(LIVE), Document::areTexts)
              && isMissingOr(json.path(ALLOW), JsonNode::isArray);
      return isOne ? Optional.of(of(json)) : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static Document of(JsonNode json) {
    Map<String, JsonNode> rest = fields(json);
    rest.keySet().removeAll(Set.of(AGENT, STARTUP, LIVE, ALLOW));
    // A release that has a new capability says so of every node; where it is off, nothing changes.
    rest.values().removeIf(JsonNode::isNull);
    return new Document(
        Optional.ofNullable(json.get(AGENT)).map(JsonNode::asText),
        Optional.ofNullable(json.get(STARTUP)),
        Optional.ofNullable(json.get(LIVE)).map(Document::texts),
        Optional.ofNullable(json.get(ALLOW)),
        rest);
  }

  private static boolean isMissingOr(JsonNode node, Predicate<JsonNode> is) {
    return node.isMissingNode() || is.test(node);
  }

  private static boolean areTexts(JsonNode node) {
    boolean are = node.isObject();
    for (JsonNode each : node) {
      are &= each.isTextual();
    }
    return are;
  }

  private static Map<String, JsonNode> fields(JsonNode object) {
    Map<String, JsonNode> fields = new TreeMap<>();
    object.properties().forEach(field -> fields.put(field.getKey(), field.getValue()));
    return fields;
  }

  private static Map<String, String> texts(JsonNode object) {
    Map<String, String> texts = new TreeMap<>();
    fields(object).forEach((name, value) -> texts.put(name, value.asText()));
    return texts;
  }

  /** Whether a password or a key stands in an object's content, be it a document or not. */
  static boolean holdsSecret(String content) {
    if (MachineFiles.isSecret(content)) {
      return true;
    }
    try {
      return holdsSecret("", MAPPER.readTree(content));
    } catch (JsonProcessingException e) {
      return false; // its text was looked at
    }
  }

  /** Directives and users are pairs here; a secret is known by its line in Redis's own files. */
  private static boolean holdsSecret(String name, JsonNode node) {
    if (node.isTextual()) {
      String line = name + " " + node.asText();
      return MachineFiles.isSecret(node.asText())
          || MachineFiles.isSecret(line)
          || MachineFiles.isSecret("user " + line);
    }
    for (JsonNode each : node.isArray() ? node : MAPPER.createArrayNode()) {
      if (holdsSecret(name, each)) {
        return true;
      }
    }
    return node.properties().stream().anyMatch(each -> holdsSecret(each.getKey(), each.getValue()));
  }

  /** How the node's data is backed up; empty where it is not, as far as this release can tell. */
  Optional<JsonNode> backup() {
    return Optional.ofNullable(rest.get(BACKUP)).filter(JsonNode::isObject);
  }

  /** What it means for a node that has this one when the next one comes. */
  Effect effectOf(Document next) {
    if (agent.equals(next.agent()) && !WORDS.keySet().containsAll(changedFacts(next))) {
      return Effect.NOT_UNDERSTOOD; // no release that makes it, or reads it
    }
    return startup.equals(next.startup()) ? Effect.LIVE_SETTING : Effect.SERVER_RESTART;
  }

  /** Names of what differs beside the four. */
  private Set<String> changedFacts(Document next) {
    return changed(rest, next.rest());
  }

  private static Set<String> changed(Map<String, JsonNode> before, Map<String, JsonNode> after) {
    Set<String> names = new TreeSet<>();
    for (String name : Differences.names(before, after)) {
      JsonNode here = before.get(name);
      JsonNode there = after.get(name);
      if (OPENED.contains(name)
          && here != null
          && there != null
          && here.isObject()
          && there.isObject()) {
        names.addAll(changed(fields(here), fields(there)));
      } else {
        names.add(name);
      }
    }
    return names;
  }

  /** What changes besides live settings, in a person's words, and the release. */
  Set<String> changesTo(Document next) {
    Set<String> names = new TreeSet<>();
    if (startup.isPresent() && next.startup().isPresent()) {
      names.addAll(changed(fields(startup.get()), fields(next.startup().get())));
    }
    boolean isNew = !agent.equals(next.agent()) || isTheOnlyOne(next);
    Set<String> facts = changedFacts(next);
    if (isNew) { // another release may use other names for the same
      facts.retainAll(WORDS.keySet());
    }
    names.addAll(facts);
    Set<String> words = new TreeSet<>();
    names.forEach(name -> words.add(WORDS.getOrDefault(name, name)));
    if (allow.isPresent() && next.allow().isPresent() && !allow.equals(next.allow())) {
      words.add("firewall");
    }
    if (isNew) {
      words.add(NEW_RELEASE);
    }
    return words;
  }

  /** Whether only one of the two has one of the names. */
  private boolean isTheOnlyOne(Document next) {
    return startup.isPresent() != next.startup().isPresent()
        || live.isPresent() != next.live().isPresent()
        || allow.isPresent() != next.allow().isPresent();
  }
}
