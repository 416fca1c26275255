package stacks.node;

import stacks.templates.Templates;

/** The programs that carry documents and agents to their nodes, with their comments. */
public final class Programs {
  /** Name of the command that runs a node's agent. */
  public static final String AGENT = "rediform-node";

  private Programs() {}

  /** What fetches a node's document and agent. */
  public static String bootstrap() {
    return Templates.text("bootstrap/rediform-bootstrap");
  }

  /** The stand-in for systemd on the local platform. */
  public static String localSupervisor() {
    return Templates.text("local/rediform-local");
  }
}
