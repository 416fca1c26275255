package stacks.cluster;

import stacks.values.Memory;

/**
 * What a node's machine must have at least.
 *
 * @param cpu virtual CPUs
 * @param memory RAM
 * @param disk SSD: the data volume of a data node, the root disk of a Sentinel
 */
public record Size(int cpu, Memory memory, Memory disk) {}
