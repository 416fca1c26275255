package stacks.node;

/**
 * Who may open connections to a port of a machine.
 *
 * @param from a block of addresses, or a single one, in ufw's words: it compares rules as texts
 * @param port TCP port
 */
public record Allow(String from, int port) {}
