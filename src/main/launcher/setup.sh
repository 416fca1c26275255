# shellcheck shell=bash
# What the launcher and ./verify share: getting what is missing, building, starting Java.
# Sourced in the project's folder. Whatever cannot be had ends in exit code 3 and says how to get it.

TERRAFORM_VERSION=1.11.4
MOTO_VERSION=5.2.1

say() { printf 'rediform: %s\n' "$*" >&2; }
missing() { say "$*"; exit 3; }

# As root, or through a sudo that does not ask.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# can_install WHAT PACKAGE…: whether Debian packages can be installed here; if not, that is the end.
can_install() {
  local what=$1
  shift
  { command -v apt-get && as_root true; } > /dev/null 2>&1 \
    || missing "$what is missing; to get it: sudo apt-get install $*"
}

# need_packages WHAT PACKAGE…: installs Debian packages.
need_packages() {
  local what=$1
  can_install "$@"
  shift
  say "$what is missing: installing $* with apt-get"
  mkdir -p .rediform
  { as_root apt-get -q update \
    && as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@"; } \
    > .rediform/apt.log 2>&1 \
    || missing "apt-get could not install $* (see .rediform/apt.log); to try by hand: sudo apt-get install $*"
}

# need_command COMMAND PACKAGE…
need_command() {
  local command=$1
  shift
  command -v "$command" > /dev/null || need_packages "$command" "$@"
}

# The tests want cloud-init as a program. Debian's package is more: it would set up this machine at
# its next start, as if it had just been made.
need_cloud_init() {
  command -v cloud-init > /dev/null && return
  can_install cloud-init cloud-init
  say "cloud-init shall only check files: /etc/cloud/cloud-init.disabled keeps it from acting on this machine"
  as_root mkdir -p /etc/cloud
  as_root touch /etc/cloud/cloud-init.disabled
  need_packages cloud-init cloud-init
}

# Debian's redis-tools holds the server's program without a service: nothing starts by itself.
need_redis() {
  command -v redis-server > /dev/null || command -v redis-check-rdb > /dev/null \
    || need_packages redis-server redis-tools
}

need_terraform() {
  export PATH="$PWD/.rediform/tools:$PATH"
  command -v terraform > /dev/null && return
  local machine zip
  case $(uname -m) in x86_64) machine=amd64 ;; aarch64) machine=arm64 ;; *) machine=$(uname -m) ;; esac
  zip=terraform_${TERRAFORM_VERSION}_linux_$machine.zip
  say "Terraform is missing: downloading $TERRAFORM_VERSION from HashiCorp to .rediform/tools"
  need_command curl curl
  need_command unzip unzip
  mkdir -p .rediform/tools
  (
    cd .rediform/tools
    curl -fsS --max-time 300 -O "https://releases.hashicorp.com/terraform/$TERRAFORM_VERSION/$zip" \
      && curl -fsS --max-time 60 -O "https://releases.hashicorp.com/terraform/$TERRAFORM_VERSION/terraform_${TERRAFORM_VERSION}_SHA256SUMS" \
      && sha256sum --check --ignore-missing --quiet "terraform_${TERRAFORM_VERSION}_SHA256SUMS" \
      && unzip -qo "$zip" terraform
  ) 2> .rediform/terraform.log \
    || missing "Terraform cannot be downloaded (see .rediform/terraform.log); install $TERRAFORM_VERSION or newer from https://developer.hashicorp.com/terraform/install and run again"
}

# The emulated AWS API of the tests. Where it cannot be had, the tests that need it say so.
need_moto() {
  [ ! -d .rediform/tools/python ] || export PATH="$PWD/.rediform/tools/python/bin:$PATH"
  python3 -c 'import moto.server, flask, boto3' 2> /dev/null && return
  # Debian's Python makes no environment without this package.
  python3 -c 'import ensurepip' 2> /dev/null || need_packages python3-venv python3-venv
  say "moto is missing: installing moto $MOTO_VERSION with pip to .rediform/tools/python"
  mkdir -p .rediform/tools
  if python3 -m venv .rediform/tools/python > .rediform/moto.log 2>&1 \
    && .rediform/tools/python/bin/pip install -q "moto[server]==$MOTO_VERSION" boto3 >> .rediform/moto.log 2>&1; then
    export PATH="$PWD/.rediform/tools/python/bin:$PATH"
  else
    rm -rf .rediform/tools/python
    say "moto cannot be installed (see .rediform/moto.log): the tests against an AWS API are skipped"
  fi
}

need_npm_packages() {
  # npm would empty what a link leads to, which is another project's (a test's project has such a link).
  if [ -L node_modules ] || [ node_modules/.package-lock.json -nt package-lock.json ]; then return; fi
  need_command npm npm
  say "installing the pinned npm packages (cdktf-cli; once, about a minute)"
  mkdir -p .rediform
  npm ci --no-audit --no-fund > .rediform/npm.log 2>&1 \
    || missing "npm ci failed (see .rediform/npm.log); to try by hand: npm ci"
}

build_if_stale() {
  # What is a link counts as what it leads to: a test's project is made of new links to this one.
  if [ ! -f target/rediform.jar ] \
    || [ -n "$(find -L src/main/java src/main/python src/main/resources pom.xml -newer target/rediform.jar -print -quit)" ]; then
    need_command javac default-jdk-headless
    need_command mvn maven
    say "building target/rediform.jar with Maven (once, then only when the source changes)"
    mkdir -p .rediform
    mvn -q -B -Dmaven.test.skip=true package > .rediform/build.log 2>&1 \
      || { tail -n 20 .rediform/build.log >&2; missing "the build failed (see .rediform/build.log); to try by hand: mvn package"; }
    touch target/rediform.jar # Maven leaves a jar alone that would come out the same
  fi
  [ target/rediform.jsa -nt target/rediform.jar ] || archive_classes
}

# Java starts in half the time from an archive of the classes that `check` and `synth` load.
archive_classes() {
  local scratch
  mkdir -p target/tmp
  scratch=$(mktemp -d target/tmp/archive-XXXXXX)
  CDKTF_OUTDIR=$scratch/out with_java -XX:ArchiveClassesAtExit="$scratch/jsa" -Xlog:all=off \
    "$(compiler app)" -jar target/rediform.jar app > /dev/null 2>&1 || true
  touch "$scratch/jsa"
  mv -f "$scratch/jsa" target/rediform.jsa # as a whole: another process may be about to read it
  rm -rf "$scratch"
}

run_java() {
  with_java -XX:SharedArchiveFile=target/rediform.jsa -Xshare:auto -Xlog:all=off "$(compiler "$@")" -jar target/rediform.jar "$@"
}

# The first compiler alone starts sooner. A verb that hashes gigabytes wants the second one, too, which
# has the processor's own SHA-256: 0.5 s a gigabyte in place of 5.6 s.
compiler() {
  case " $* " in
    *' backup '* | *' restore '*) echo -XX:+TieredCompilation ;;
    *) echo -XX:TieredStopAtLevel=1 ;;
  esac
}

# with_java ARGUMENT…: Java, and the Node that jsii starts for it, with what makes both quick and
# small: docs/decisions/0012, measured by bench/synth.py. NODE_OPTIONS is for this process alone.
# Since JDK 22 there may be a console without a terminal; jdk.console asks for the one of before.
with_java() {
  mkdir -p target/tmp
  # jsii leaves an empty folder at every run; those of finished runs go.
  find target/tmp -maxdepth 1 -name 'jsii-*' -empty -mmin +10 -delete
  JSII_RUNTIME_PACKAGE_CACHE=enabled \
    JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20 \
    NODE_OPTIONS="${REDIFORM_NODE_OPTIONS---max-semi-space-size=1 --preserve-symlinks --require $PWD/src/main/launcher/jsii-preload.js}" \
    java -Djdk.console=java.base -XX:+UseSerialGC -Xms8m -Xmn4m -Xmx256m -Djava.io.tmpdir=target/tmp "$@"
}
