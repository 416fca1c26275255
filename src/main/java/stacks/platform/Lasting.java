package stacks.platform;

/** What outlives a cluster: it is forgotten and taken over, and never destroyed. */
public final class Lasting {
  /** Name of the resources that the bucket for backups is made of. */
  public static final String BACKUPS = "backups";

  /** Terraform's address of the bucket for backups. */
  public static final String BUCKET = "aws_s3_bucket." + BACKUPS;

  /** Name of the Terraform variable that says: a bucket that is there is taken over. */
  public static final String ADOPT = "adopt_backups";

  private Lasting() {}
}
