package stacks.platform.aws;

import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.data_aws_ami.DataAwsAmi;
import com.hashicorp.cdktf.providers.aws.data_aws_ami.DataAwsAmiFilter;
import java.util.List;
import stacks.environment.Environment.Image;

/** Debian's own cloud image, the newest build of a release. */
final class DebianImage {
  /** Debian's account (wiki.debian.org/Cloud/AmazonEC2Image). */
  private static final String DEBIAN = "136693071363";

  private DebianImage() {}

  /** Adds the lookup and gives the image's id. */
  static String id(TerraformStack stack, Image image) {
    return DataAwsAmi.Builder.create(stack, "debian")
        .mostRecent(true)
        .owners(List.of(DEBIAN))
        .filter(
            List.of(
                filter("name", namePattern(image)),
                filter("architecture", "x86_64"),
                filter("state", "available")))
        .build()
        .getId();
  }

  /** Such as {@code debian-13-amd64-*}; what follows is the date of the build. */
  private static String namePattern(Image image) {
    return switch (image) {
      case DEBIAN_12 -> "debian-12-amd64-*";
      case DEBIAN_13 -> "debian-13-amd64-*";
    };
  }

  private static DataAwsAmiFilter filter(String name, String value) {
    return DataAwsAmiFilter.builder().name(name).values(List.of(value)).build();
  }
}
