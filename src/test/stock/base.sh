#!/usr/bin/env bash
# base.sh SUITE FOLDER: the root file system of a Debian that was just installed, without any task: no Python,
# no Java, no Node. About a minute; FOLDER appears when it is complete.
#
# Two things are for the test alone: dpkg does not fsync, and `admin` may use sudo without a password.
set -euo pipefail
suite=$1 target=$2
root=$target.new
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
mirror=${mirror%/}

[ ! -d "$root" ] || rm -rf --one-file-system "$root"
# What every installation has beyond minbase, and git, because the README starts with a clone.
debootstrap --variant=minbase \
  --include=adduser,ca-certificates,git,iproute2,less,locales,netbase,perl,procps,sudo,tzdata \
  "$suite" "$root" "$mirror"
cat > "$root/etc/apt/sources.list" << END
deb $mirror $suite main
deb $mirror $suite-updates main
deb ${mirror%/debian}/debian-security $suite-security main
END
echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/stock"
chroot "$root" apt-get clean
chroot "$root" adduser --quiet --disabled-password --gecos '' admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/admin"
mv "$root" "$target"
