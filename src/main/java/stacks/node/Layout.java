package stacks.node;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Where a node keeps its files, and what runs it. The agent knows the places of each. */
public enum Layout {
  /** A virtual machine of its own: absolute paths, the user {@code redis}, systemd. */
  @JsonProperty("machine")
  MACHINE,
  /** A process on this machine, everything below one folder. */
  @JsonProperty("process")
  PROCESS;

  /** Address that the server listens on. */
  String bind() {
    return this == MACHINE ? "0.0.0.0" : "127.0.0.1";
  }

  /** Value of {@code supervised}: only systemd is told when the server is ready. */
  String supervised() {
    return this == MACHINE ? "systemd" : "no";
  }
}
