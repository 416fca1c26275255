/**
 * The cluster as virtual machines in Amazon EC2.
 *
 * <p>Every resource is added to the stack itself and not to a construct of its own, so that its
 * Terraform address is flat and speaks: {@code aws_instance.redis-1}. These addresses are a public
 * contract: one that changes is a machine or a volume that is replaced.
 */
package stacks.platform.aws;
