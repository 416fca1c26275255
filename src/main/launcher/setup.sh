# shellcheck shell=bash
# What the launcher and ./verify share: getting what is missing, building, starting Java.
# Sourced in the project's folder. Whatever cannot be had ends in exit code 3 and says how to get it.

TERRAFORM_VERSION=1.11.4
MOTO_VERSION=5.2.1

say() { printf 'rediform: %s\n' "$*" >&2; }
missing() { say "$*"; answered=yes; exit 3; }

# Exit code 1 is an answer of a verb's own: whatever else ends a script that calls this ends it with 3.
answered=''

answer_for_all() { trap 'ended $?' EXIT; }

ended() {
  trap - EXIT
  unlock
  case $answered$1 in yes* | 0 | 129 | 130 | 143) exit "$1" ;; esac
  missing "the set-up ended with code $1 before rediform itself began; its last words are above. To see each step: bash -x ./rediform"
}

# What would make the programs that we start do something else than we ask of them, or fail before they begin.
# TF_CLI_CONFIG_FILE, TF_LOG, proxies and credentials stay, and CDKTF_OUTDIR, with which cdktf calls us.
clean_environment() {
  local name
  for name in $(compgen -e); do
    case $name in
      CDKTF_OUTDIR | CDKTF_DISABLE_PLUGIN_CACHE_ENV) ;;
      JAVA_TOOL_OPTIONS | _JAVA_OPTIONS | JDK_JAVA_OPTIONS | CLASSPATH | NODE_* | JSII_* | CDKTF_* | PYTHON* \
        | TF_WORKSPACE | TF_DATA_DIR | TF_CLI_ARGS*) unset "$name" ;;
    esac
  done
  # The JDK reads paths by it, and we read what programs say. (macOS has no such locale, and needs none.)
  case $OSTYPE in linux*) export LC_ALL=C.UTF-8 ;; esac
  if [ -n "${TMPDIR-}" ] && ! { [ -d "$TMPDIR" ] && [ -w "$TMPDIR" ]; }; then unset TMPDIR; fi
}

# ---------------------------------------------------------------- one set-up at a time in a checkout

alive() { kill -0 "$1" 2> /dev/null || [ -d "/proc/$1" ]; }

# lock: from here to `unlock` this process alone sets up in this checkout. A link is made as a whole, or not at all;
# it leads to the number of the process that holds the lock.
lock() {
  local holder waits=
  mkdir -p target
  while [ "$(readlink target/lock || true)" != "$$" ] && ! ln -s "$$" target/lock 2> /dev/null; do
    holder=$(readlink target/lock || true)
    [ -n "$holder" ] || [ -w target ] || missing "this user may not write to $PWD/target, and something must be built or installed there"
    if [ -n "$holder" ] && ! alive "$holder"; then
      # Of two that find it dead, one takes it away. The other may have a living one in hand, and puts it back.
      mv target/lock "target/lock.$$" 2> /dev/null || continue
      [ "$(readlink "target/lock.$$")" = "$holder" ] || ln -s "$(readlink "target/lock.$$")" target/lock 2> /dev/null || true
      rm -f "target/lock.$$"
      continue
    fi
    [ "$waits" ] || say "waits for process $holder, which builds or installs in this checkout (if that is something else: rm $PWD/target/lock)"
    waits=yes
    sleep 0.2
  done
}

unlock() { [ "$(readlink target/lock 2> /dev/null)" != "$$" ] || rm -f target/lock; }

# ---------------------------------------------------------------- what is needed

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
  lock
  say "$what is missing: installing $* with apt-get"
  mkdir -p .rediform
  { as_root apt-get -q update \
    && as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@"; } \
    > .rediform/apt.log 2>&1 < /dev/null \
    || missing "apt-get could not install $* (see .rediform/apt.log); to try by hand: sudo apt-get install $*"
}

# need_command COMMAND PACKAGE…
need_command() {
  local command=$1
  shift
  command -v "$command" > /dev/null || need_packages "$command" "$@"
}

# at_least FOUND LEAST: whether a version is as new as another, by its first two numbers.
at_least() {
  local found_major found_minor major minor
  IFS=. read -r found_major found_minor _ <<< "$1.0"
  IFS=. read -r major minor _ <<< "$2.0"
  [ "$found_major" -gt "$major" ] || { [ "$found_major" -eq "$major" ] && [ "$found_minor" -ge "$minor" ]; }
}

# need_version COMMAND LEAST WAY WORD…: asks a program once what it is; WAY says how to get a newer one.
need_version() {
  local command=$1 least=$2 way=$3 path found
  shift 3
  path=$(readlink -f "$(command -v "$command")")
  ! grep -qsxF "$command $least $path" target/versions || return 0
  found=$("$command" "$@" 2>&1 | grep -Eom1 '[0-9]+(\.[0-9]+)+' | head -n 1) || true
  [ -n "$found" ] || missing "$path does not say which version it is, and may be broken; to see what it says: $command $*"
  at_least "$found" "$least" || missing "$path is version $found, and rediform needs $least or newer; $way"
  { mkdir -p target && echo "$command $least $path" >> target/versions; } 2> /dev/null || true
}

need_java() {
  need_command java default-jdk-headless
  need_version java 17 "to get it on Debian and Ubuntu: sudo apt-get install default-jdk-headless; on macOS: brew install openjdk@17" -version
}

need_node() {
  need_command node nodejs
  need_version node 18 "to get it: https://nodejs.org/en/download" --version
}

# What a local cluster's nodes run.
need_local() {
  need_command python3 python3
  need_version python3 3.9 "the nodes of a local cluster run on it" --version
  need_command curl curl
  need_command zstd zstd
  need_redis
  if command -v redis-server > /dev/null; then
    need_version redis-server 7.0 "to get it on Debian and Ubuntu: sudo apt-get install redis-server; or deploy to AWS, where each machine has its own" --version
  fi
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

# Debian's packages of Prometheus and its exporters start services when they are installed. Nobody asked for those:
# only their programs are unpacked, to .rediform/tools/prometheus (MonitoringRun looks there), which needs no root. The
# others are what Prometheus's own pages are drawn with; without them these are plainer.
need_prometheus() {
  local to=.rediform/tools/prometheus programs='prometheus prometheus-redis-exporter prometheus-node-exporter'
  local drawn='fonts-glyphicons-halflings libjs-bootstrap4 libjs-d3 libjs-eonasdan-bootstrap-datetimepicker libjs-jquery
    libjs-jquery-hotkeys libjs-moment libjs-moment-timezone libjs-mustache libjs-popper.js libjs-rickshaw'
  # Those of the machine do as well, if it has them.
  { [ -x $to/usr/bin/prometheus ] || command -v prometheus; } > /dev/null \
    && { [ -x $to/usr/bin/prometheus-redis-exporter ] || command -v prometheus-redis-exporter; } > /dev/null && return
  { command -v apt-get && command -v dpkg-deb; } > /dev/null \
    || missing "prometheus and prometheus-redis-exporter are missing, and this is no Debian; install both and put them on the PATH"
  say "Prometheus is missing: unpacking Debian's $programs to $to (nothing is installed, no service starts)"
  rm -rf $to.new
  mkdir -p $to.new/packages
  (
    cd $to.new/packages
    # shellcheck disable=SC2086
    apt-get -q download $programs || { as_root apt-get -q update && apt-get -q download $programs; } || exit 1
    for package in $drawn; do apt-get -q download "$package" || true; done
    for package in *.deb; do dpkg-deb -x "$package" .. || exit 1; done
  ) > .rediform/prometheus.log 2>&1 \
    || missing "the packages cannot be had (see .rediform/prometheus.log); to try by hand: sudo apt-get update"
  rm -rf $to $to.new/packages
  mv $to.new $to
}

need_terraform() {
  export PATH="$PWD/.rediform/tools:$PATH"
  if command -v terraform > /dev/null; then
    need_version terraform 1.11 "to get it: https://developer.hashicorp.com/terraform/install" version
    return
  fi
  local system=linux machine zip sums=sha256sum
  case $OSTYPE in darwin*) system=darwin; sums='shasum -a 256' ;; esac
  case $(uname -m) in x86_64) machine=amd64 ;; aarch64) machine=arm64 ;; *) machine=$(uname -m) ;; esac
  zip=terraform_${TERRAFORM_VERSION}_${system}_$machine.zip
  lock
  say "Terraform is missing: downloading $TERRAFORM_VERSION from HashiCorp to .rediform/tools"
  need_command curl curl
  need_command unzip unzip
  mkdir -p .rediform/tools
  (
    cd .rediform/tools
    curl -fsS --max-time 300 -O "https://releases.hashicorp.com/terraform/$TERRAFORM_VERSION/$zip" \
      && curl -fsS --max-time 60 -O "https://releases.hashicorp.com/terraform/$TERRAFORM_VERSION/terraform_${TERRAFORM_VERSION}_SHA256SUMS" \
      && grep " $zip\$" "terraform_${TERRAFORM_VERSION}_SHA256SUMS" | $sums --check > /dev/null \
      && unzip -qo "$zip" terraform -d new && mv -f new/terraform terraform && rm -rf new "$zip"
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

# What npm installed, it installed whole: its own list of that comes last.
need_npm_packages() {
  # npm would empty what a link leads to, which is another project's (a test's project has such a link).
  if [ -L node_modules ] || npm_packages_are_ours; then return; fi
  need_command npm npm
  lock
  ! npm_packages_are_ours || return 0
  mkdir -p .rediform
  say "installing the pinned npm packages (cdktf-cli; once, about a minute)"
  npm ci --no-audit --no-fund > .rediform/npm.log 2>&1 < /dev/null \
    || missing "npm ci failed (see .rediform/npm.log); to try by hand: npm ci. Behind a proxy, npm wants HTTPS_PROXY"
  digest package-lock.json > node_modules/.rediform-lock
}

# By their content: a release that is unpacked over another may be older than what was installed for that one.
npm_packages_are_ours() {
  [ -f node_modules/.package-lock.json ] || return 1
  if [ -f node_modules/.rediform-lock ]; then
    [ "$(cat node_modules/.rediform-lock)" = "$(digest package-lock.json)" ]
  else
    [ node_modules/.package-lock.json -nt package-lock.json ]
  fi
}

digest() { cksum < "$1"; }

# ---------------------------------------------------------------- the build

# The content of all that the jar is made of. What is a link counts as what it leads to: a test's project is
# made of new links to this one.
sources() { find -L src/main pom.xml -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum | cksum; }

# target/rediform.built names the sources of a jar, and the jar: one that Maven made by itself is judged by its date.
is_stale() {
  local now
  [ -f target/rediform.jar ] && [ ! -e target/rediform.building ] || return 0
  now=$(sources)
  if [ -f target/rediform.built ] && [ "$(tail -n 1 target/rediform.built)" = "$(digest target/rediform.jar)" ]; then
    [ "$(head -n 1 target/rediform.built)" != "$now" ]
  else
    [ -z "$(find -L src/main/build src/main/java src/main/python src/main/resources pom.xml -newer target/rediform.jar | head -n 1)" ] || return 0
    built "$now"
    return 1
  fi
}

# Whoever may only read the checkout looks again next time.
built() {
  { printf '%s\n%s\n' "$1" "$(digest target/rediform.jar)" > "target/rediform.built.$$" \
    && mv -f "target/rediform.built.$$" target/rediform.built; } 2> /dev/null || true
}

build_if_stale() {
  if is_stale; then
    need_command javac default-jdk-headless
    need_command mvn maven
    lock
    ! is_stale || build
  fi
  # It is one of exactly these jars. Maven leaves rediform.jar alone where only one of the others is different.
  { [ target/rediform.jsa -nt target/rediform.jar ] && [ ! target/lib -nt target/rediform.jsa ]; } || archive_classes
}

build() {
  local now
  say "building target/rediform.jar with Maven (20 seconds; once, then only when the source changes)"
  mkdir -p .rediform target
  # What was not finished is not whole: nothing of it is built upon.
  [ ! -e target/rediform.building ] || forget_build
  touch target/rediform.building
  now=$(sources)
  # What is left of sources that are gone can keep others from being compiled: once more, without it.
  package || { forget_build && package; } \
    || { tail -n 20 .rediform/build.log >&2; missing "the build failed (see .rediform/build.log); to try by hand: mvn package"; }
  touch target/rediform.jar # Maven leaves a jar alone that would come out the same
  built "$now"
  rm -f target/rediform.building
}

# What is piped to a verb, such as a plan, is not for Maven.
package() { mvn -q -B -Dmaven.test.skip=true package > .rediform/build.log 2>&1 < /dev/null; }

forget_build() { rm -rf target/classes target/generated-sources target/lib target/maven-status target/rediform.jar target/rediform.jsa; }

# Java starts in half the time from an archive of the classes that `check` and `synth` load.
archive_classes() {
  local scratch
  mkdir -p target/tmp
  scratch=$(mktemp -d target/tmp/archive-XXXXXX)
  CDKTF_OUTDIR=$scratch/out with_java -XX:ArchiveClassesAtExit="$scratch/jsa" -Xlog:all=off \
    "$(compiler app)" -jar target/rediform.jar app > /dev/null 2>&1 < /dev/null || true
  touch "$scratch/jsa"
  mv -f "$scratch/jsa" target/rediform.jsa # as a whole: another process may be about to read it
  rm -rf "$scratch"
}

exec=''

# In this process's place: who ends it ends Java.
run_java() {
  exec='exec'
  # A live line is for a person who watches; Java cannot tell whether standard error is a terminal.
  unset REDIFORM_LIVE
  if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${CI:-}" ]; then export REDIFORM_LIVE=yes; fi
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

# with_java ARGUMENT…: Java, and the Node that jsii starts for it, kept small: docs/decisions/0038, measured by
# bench/synth.py. NODE_OPTIONS is for this process alone; Node 22 and newer would tell the user which calls in
# jsii and CDKTF are deprecated.
# Since JDK 22 there may be a console without a terminal; jdk.console asks for the one of before.
with_java() {
  mkdir -p target/tmp
  # jsii leaves empty folders at every run; those of finished runs go. Another may be at it, too.
  find target/tmp -path 'target/tmp/jsii-*' -type d -empty -mmin +10 -delete 2> /dev/null || true
  # jsii's own place for its cache is the home folder, which need not be there, nor be ours.
  JSII_RUNTIME_PACKAGE_CACHE_ROOT="$PWD/target/jsii" \
    JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20 \
    NODE_OPTIONS='--max-semi-space-size=1 --no-deprecation' \
    $exec java -Djdk.console=java.base -XX:+UseSerialGC -Xms8m -Xmn4m -Xmx256m -Djava.io.tmpdir=target/tmp "$@"
}
