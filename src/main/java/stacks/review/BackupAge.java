package stacks.review;

import java.util.Optional;

/**
 * What the nodes of a living cluster say of its backups, where a plan endangers its data.
 *
 * @param late how the newest backup is too old; empty where it is not
 * @param unproven how the newest proof that one can be restored is too old, or missing; empty where
 *     it is not
 */
public record BackupAge(Optional<String> late, Optional<String> unproven) {}
