package stacks.environment;

import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.values.Cidr;
import stacks.values.Memory;

/**
 * One environment file, complete with its defaults: every key there is, and nothing computed.
 *
 * <p>Values that stand alone are checked when they are read (see {@link Key}); rules between values
 * belong to the package {@code cluster}.
 */
public record Environment(
    @Key(value = "Where the cluster runs.", byDefault = Key.REQUIRED) Platform platform,
    @Key("What all Redis data nodes have in common.") Redis redis,
    @Key("The first master, redis-1. Any data node can become master later.") Master master,
    @Key("The data nodes that follow the master: redis-2, redis-3, and so on.") Replicas replicas,
    @Key("The Sentinels, which watch the data nodes and choose a new master.") Sentinels sentinels,
    @Key("Addresses, zones, and who may connect.") Network network,
    @Key("What only Amazon EC2 needs to know.") Aws aws,
    @Key("Backups of the data: how often, where, and for how long.") Backup backup,
    @Key("Metrics of the nodes for Prometheus.") Metrics metrics,
    @Key("Warnings and findings that you have read and accept, each with the reason.")
        List<Acceptance> accepts,
    @Key("How much what the plan review finds weighs here.") Review review) {

  /** The same file with {@code aws.protect: false}. */
  public Environment unprotected() {
    Aws free = new Aws(aws.region(), aws.account(), aws.image(), false, aws.state(), aws.tags());
    return new Environment(
        platform, redis, master, replicas, sentinels, network, free, backup, metrics, accepts,
        review);
  }

  /** What all data nodes have in common. */
  public record Redis(
      @Key(
              value =
                  "Where redis-server comes from: Debian's package, or a pinned release built from"
                      + " source on the node.",
              byDefault = "package")
          Install install,
      @Key("The release that `install: source` builds.") Source source,
      @Key(
              value =
                  "TCP port of redis-server. On the local platform redis-1 has this port, redis-2"
                      + " the next, and so on.",
              byDefault = "6379",
              min = "1024",
              max = "65535")
          int port,
      @Key(value = "What Redis evicts when maxmemory is reached.", byDefault = "allkeys-lru")
          MaxmemoryPolicy maxmemoryPolicy,
      @Key(
              value =
                  "More redis.conf directives. They win over our defaults; mandatory ones are"
                      + " refused.",
              pattern = ".{0,1000}",
              allowed = "one value of at most 1000 characters")
          Map<String, String> config) {}

  /** Where redis-server comes from. */
  public enum Install {
    PACKAGE,
    SOURCE
  }

  /** What Redis does when {@code maxmemory} is reached, in Redis's own words. */
  public enum MaxmemoryPolicy {
    NOEVICTION,
    ALLKEYS_LRU,
    ALLKEYS_LFU,
    ALLKEYS_RANDOM,
    VOLATILE_LRU,
    VOLATILE_LFU,
    VOLATILE_RANDOM,
    VOLATILE_TTL
  }

  /** A release to build. */
  public record Source(
      @Key(
              value = "Release to build.",
              byDefault = Source.DEFAULT_VERSION,
              pattern = "[78]\\.\\d{1,2}\\.\\d{1,2}",
              allowed = "a release of Redis 7 or 8 such as 7.2.15")
          String version,
      @Key(
              value = "SHA-256 of the tarball.",
              byDefault = Source.DEFAULT_SHA256,
              pattern = "[0-9a-f]{64}",
              allowed = "64 lower-case hexadecimal digits")
          String sha256,
      @Key(
              value = "Folder that holds redis-VERSION.tar.gz.",
              byDefault = "https://download.redis.io/releases",
              pattern = "https://[A-Za-z0-9._~:/-]{1,200}",
              allowed = "an https address")
          String url) {
    /** What is built unless the file says otherwise. */
    public static final String DEFAULT_VERSION = "7.2.15";

    /** From the redis/redis-hashes list. */
    public static final String DEFAULT_SHA256 =
        "7bf7975331511fdb788e85dae63964b128fccee1df026a10db57444babc9c9c4";
  }

  /** Size of the first master. */
  public record Master(
      @Key(value = "Virtual CPUs.", byDefault = "4", min = "1", max = "448") int cpu,
      @Key(value = "RAM.", byDefault = "8GB", min = "512mb", max = "24tb") Memory memory,
      @Key(value = "SSD for the data.", byDefault = "100GB", min = "1GB", max = "16tb") Memory disk,
      @Key(
              value = "How much RAM the data may use.",
              derived = "75 % of `memory`",
              min = "1mb",
              max = "24tb")
          Optional<Memory> maxmemory,
      @Key(
              value = "Pins the EC2 instance type.",
              derived = "the smallest that has `cpu` and `memory`",
              pattern = "[a-z0-9-]{2,20}\\.[a-z0-9-]{2,20}",
              allowed = "an EC2 instance type such as c7i.xlarge")
          Optional<String> instanceType) {}

  /** Number and size of the replicas. */
  public record Replicas(
      @Key(value = "How many replicas.", byDefault = "2", min = "1", max = "5000") int count,
      @Key(value = "Virtual CPUs.", derived = "`master.cpu`", min = "1", max = "448")
          Optional<Integer> cpu,
      @Key(value = "RAM.", derived = "`master.memory`", min = "512mb", max = "24tb")
          Optional<Memory> memory,
      @Key(value = "SSD for the data.", derived = "`master.disk`", min = "1GB", max = "16tb")
          Optional<Memory> disk,
      @Key(
              value = "How much RAM the data may use once this node is master.",
              derived = "75 % of `memory`, or `master.maxmemory` where the memory is the same",
              min = "1mb",
              max = "24tb")
          Optional<Memory> maxmemory,
      @Key(
              value = "Pins the EC2 instance type.",
              derived = "`master.instanceType` where the size is the same, else the smallest fit",
              pattern = "[a-z0-9-]{2,20}\\.[a-z0-9-]{2,20}",
              allowed = "an EC2 instance type such as c7i.xlarge")
          Optional<String> instanceType) {}

  /** Number, size and settings of the Sentinels. */
  public record Sentinels(
      @Key(value = "How many Sentinels; an odd number.", byDefault = "3", min = "1", max = "15")
          int count,
      @Key(value = "Virtual CPUs.", byDefault = "1", min = "1", max = "448") int cpu,
      @Key(value = "RAM.", byDefault = "1GB", min = "512mb", max = "24tb") Memory memory,
      @Key(value = "Root disk.", byDefault = "20GB", min = "8GB", max = "16tb") Memory disk,
      @Key(
              value = "Pins the EC2 instance type.",
              derived = "the smallest that has `cpu` and `memory`",
              pattern = "[a-z0-9-]{2,20}\\.[a-z0-9-]{2,20}",
              allowed = "an EC2 instance type such as t3.micro")
          Optional<String> instanceType,
      @Key(
              value =
                  "TCP port of the Sentinel. On the local platform sentinel-1 has this port,"
                      + " sentinel-2 the next, and so on.",
              byDefault = "26379",
              min = "1024",
              max = "65535")
          int port,
      @Key(
              value = "Name by which Sentinels and clients know the master.",
              byDefault = "mymaster",
              pattern = "[A-Za-z0-9._-]{1,64}",
              allowed = "letters, digits, dot, dash and underscore, at most 64")
          String masterName,
      @Key(
              value = "How many Sentinels must agree that the master is down.",
              derived = "the majority",
              min = "1",
              max = "15")
          Optional<Integer> quorum,
      @Key(
              value = "How long a node must be silent to count as down (down-after-milliseconds).",
              byDefault = "5s",
              min = "500ms",
              max = "10m")
          Duration downAfter,
      @Key(
              value = "How long a failover may take before it is tried again (failover-timeout).",
              byDefault = "60s",
              min = "1s",
              max = "1h")
          Duration failoverTimeout,
      @Key(
              value = "How many replicas sync with a new master at a time (parallel-syncs).",
              byDefault = "1",
              min = "1",
              max = "5000")
          int parallelSyncs,
      @Key(
              value =
                  "More sentinel.conf directives. They win over our defaults; mandatory ones are"
                      + " refused.",
              pattern = ".{0,1000}",
              allowed = "one value of at most 1000 characters")
          Map<String, String> config) {}

  /** Addresses, zones, and who may connect. */
  public record Network(
      @Key(
              value = "Addresses of the new network; each zone gets one sixteenth of it.",
              byDefault = "10.60.0.0/16",
              min = "/24",
              max = "/16")
          Cidr cidr,
      @Key(
              value = "Availability zones to spread the nodes over.",
              derived = "the region's a, b and c",
              pattern = "[a-z]{2}(-[a-z]+){1,2}-\\d[a-z]",
              allowed = "a zone name such as eu-central-1a")
          List<String> zones,
      @Key("An existing VPC and its subnets, in place of a new network.")
          Optional<Existing> existing,
      @Key("Blocks from which clients may reach Redis and Sentinel; nobody else may.")
          List<Cidr> clients,
      @Key("Blocks from which operators may reach SSH; nobody else may.") List<Cidr> operators,
      @Key(
              value = "Public SSH keys of operators, who log in as `admin`.",
              pattern =
                  "(ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}"
                      + "|(ssh-rsa|ecdsa-sha2-nistp(256|384|521)"
                      + "|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\\.com)"
                      + " AAAA[A-Za-z0-9+/]{80,1400}={0,2})( [ -~]{1,100})?",
              allowed =
                  "a public key without options, as in a .pub file: ssh-ed25519, ecdsa-sha2-nistp,"
                      + " ssh-rsa or sk-")
          List<String> keys,
      @Key(
              value =
                  "Words of the command by which an operator runs another on a node, for the verbs"
                      + " that need one; {address} and {node} stand for the node's.",
              pattern = ".{1,200}",
              allowed = "the words of a command such as [ssh, \"admin@{address}\"]")
          List<String> shell,
      @Key(
              value = "Place of the first node's address in its subnet; leave room for others.",
              byDefault = "10",
              min = "4",
              max = "60000")
          int firstHost) {}

  /** A network that is already there. */
  public record Existing(
      @Key(
              value = "Id of the VPC.",
              byDefault = Key.REQUIRED,
              pattern = "vpc-[0-9a-f]{8,17}",
              allowed = "a VPC id such as vpc-0a1b2c3d")
          String vpc,
      @Key("One private subnet per zone, with a route to the package archive.")
          List<ExistingSubnet> subnets) {}

  /** A subnet that is already there. */
  public record ExistingSubnet(
      @Key(
              value = "Id of the subnet.",
              byDefault = Key.REQUIRED,
              pattern = "subnet-[0-9a-f]{8,17}",
              allowed = "a subnet id such as subnet-0a1b2c3d")
          String id,
      @Key(
              value = "Its zone.",
              byDefault = Key.REQUIRED,
              pattern = "[a-z]{2}(-[a-z]+){1,2}-\\d[a-z]",
              allowed = "a zone name such as eu-central-1a")
          String zone,
      @Key(value = "Its addresses.", byDefault = Key.REQUIRED, min = "/28", max = "/8")
          Cidr cidr) {}

  /** What only Amazon EC2 needs to know. */
  public record Aws(
      @Key(
              value = "Region; required on AWS.",
              derived = "nothing: on AWS it must be there",
              pattern = "[a-z]{2}(-[a-z]+){1,2}-\\d",
              allowed = "a region name such as eu-central-1")
          Optional<String> region,
      @Key(
              value = "The account; with other credentials nothing is done.",
              derived = "whichever the credentials of the first deploy belong to",
              pattern = "\\d{12}",
              allowed = "an account id of 12 digits in quotes")
          Optional<String> account,
      @Key(value = "Debian release of the nodes' image.", byDefault = "debian-13") Image image,
      @Key(
              value =
                  "Guards volumes against `terraform destroy` and instances against termination.",
              byDefault = "true")
          boolean protect,
      @Key("Where Terraform keeps its state.") State state,
      @Key(
              value = "Tags of every resource.",
              pattern = ".{0,256}",
              allowed = "one value of at most 256 characters")
          Map<String, String> tags) {}

  /** Debian releases whose cloud image serves as a node. */
  public enum Image {
    DEBIAN_12,
    DEBIAN_13
  }

  /** Where Terraform keeps its state. */
  public record State(
      @Key(value = "`local` is a file beside the project, `s3` a bucket.", byDefault = "local")
          Backend backend,
      @Key(
              value = "The bucket; required with `s3`.",
              derived = "nothing: with `s3` it must be there",
              pattern = "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
              allowed = "an S3 bucket name")
          Optional<String> bucket,
      @Key(
              value = "The object's key.",
              derived = "`rediform/ENV.tfstate`",
              pattern = "[A-Za-z0-9!_.*'()/-]{1,512}",
              allowed = "an S3 object key")
          Optional<String> key,
      @Key(
              value = "The bucket's region.",
              derived = "`aws.region`",
              pattern = "[a-z]{2}(-[a-z]+){1,2}-\\d",
              allowed = "a region name such as eu-central-1")
          Optional<String> region) {}

  /** Kind of Terraform backend. */
  public enum Backend {
    LOCAL,
    S3
  }

  /** When the data is copied, to which place, and for how long a copy is kept. */
  public record Backup(
      @Key(value = "Whether backups are taken.", byDefault = "true") boolean enabled,
      @Key(
              value = "Time from the start of one backup to the start of the next.",
              byDefault = "6h",
              min = "1m",
              max = "24h")
          Duration every,
      @Key(
              value = "The newest backups that are always kept, however old they are.",
              byDefault = "28",
              min = "1",
              max = "1000")
          int keepLast,
      @Key(
              value = "Days for which a backup is always kept, however many there are.",
              byDefault = "30",
              min = "1",
              max = "3650")
          int keepDays,
      @Key(
              value =
                  "How far back each data node can put its data, to the second; `0s` is off. A"
                      + " node's disk bounds it, too.",
              byDefault = "2h",
              min = "0s",
              max = "7d")
          Duration undo,
      @Key(
              value =
                  "Your own S3 bucket for the backups, in the region of the cluster. A deploy"
                      + " neither creates, changes nor deletes it.",
              derived = "on AWS, a bucket that rediform makes and never deletes",
              pattern = "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
              allowed = "an S3 bucket name without dots")
          Optional<String> bucket,
      @Key(
              value =
                  "How long nobody can delete a backup for good, by S3 Object Lock (mode"
                      + " governance) on the bucket that rediform makes. Parts of a day count as a"
                      + " whole one.",
              derived = "no lock",
              min = "1d",
              max = "3650d")
          Optional<Duration> lock,
      @Key(
              value =
                  "Folder for the backups of a local cluster, absolute or relative to the project.",
              derived = "`.rediform/backups/ENV`",
              pattern = "[A-Za-z0-9._/@+-]{1,200}",
              allowed = "a path of letters, digits and . _ / @ + -, at most 200")
          Optional<String> folder,
      @Key(
              value =
                  "Public age keys for which backups are encrypted; only their private keys open"
                      + " them. Without one, rediform does not encrypt backups.",
              pattern = "age1[02-9ac-hj-np-z]{58}",
              allowed = "a public key as `age-keygen` prints it: age1 and 58 characters")
          List<String> recipients,
      @Key(
              value =
                  "How old the newest proof that a backup can be restored may be. Past it, `status`"
                      + " and the plan review say so; nothing verifies by itself.",
              byDefault = "7d",
              min = "1h",
              max = "365d")
          Duration verifyEvery) {}

  /** Who may read the metrics of the nodes. */
  public record Metrics(
      @Key(
              "Blocks from which Prometheus may reach the exporters of each node; naming one"
                  + " switches them on.")
          List<Cidr> networks) {}

  /** A warning, or what the plan review finds, that has been read and accepted. */
  public record Acceptance(
      @Key(
              value = "Id of the rule, as `check` or `review` prints it.",
              byDefault = Key.REQUIRED,
              pattern = "[a-z][a-z0-9-]{1,60}",
              allowed = "the id of a rule such as unequal-memory")
          String rule,
      @Key(
              value = "Why this is fine here; whoever is on call reads it.",
              byDefault = Key.REQUIRED,
              pattern = ".{10,2000}",
              allowed = "a sentence of 10 to 2000 characters")
          String reason,
      @Key(value = "The last day on which this holds.", derived = "for ever")
          Optional<LocalDate> until) {
    /** Whether it holds no more. */
    public boolean hasExpired(LocalDate today) {
      return until.isPresent() && until.get().isBefore(today);
    }
  }

  /** Which severity the rules of the plan review have here; the others keep their own. */
  public record Review(
      @Key(
              value = "Rules whose findings block a plan.",
              pattern = "[a-z][a-z0-9-]{1,60}",
              allowed = "the id of a rule of the plan review such as node-removed")
          List<String> block,
      @Key(
              value = "Rules whose findings are shown, and block nothing.",
              pattern = "[a-z][a-z0-9-]{1,60}",
              allowed = "the id of a rule of the plan review such as node-removed")
          List<String> warn,
      @Key(
              value = "Rules whose findings block a plan unless it is reviewed with `--approved`.",
              pattern = "[a-z][a-z0-9-]{1,60}",
              allowed = "the id of a rule of the plan review such as node-removed")
          List<String> requireApproval) {}
}
