package stacks.cluster;

import java.util.Optional;
import stacks.values.Cidr;

/**
 * The addresses of one zone.
 *
 * @param zone name of the zone; {@code local} on the local platform
 * @param existingId id of a subnet that is already there; empty where rediform makes it
 */
public record Subnet(String zone, Cidr cidr, Optional<String> existingId) {}
