package stacks.review;

/**
 * One danger that a plan can hold.
 *
 * @param id stable name, which {@code accepts:} and {@code review:} refer to
 * @param severity how much it weighs where the environment does not say otherwise
 * @param meaning what it means for the cluster, in a sentence or two
 * @param remedy what to do
 */
public record ReviewRule(String id, Severity severity, String meaning, String remedy) {}
