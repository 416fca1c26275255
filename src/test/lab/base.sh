#!/usr/bin/env bash
# base.sh SUITE FOLDER: a Debian root file system like the cloud image's, for the lab's hosts: cloud-init
# waits for its metadata service, nothing of Redis is there. About two minutes; FOLDER appears when it is whole.
#
# Lab-only in it: packages come through the lab's proxy, dpkg does not fsync, and the lab's own
# certificate authority (FOLDER/../ca.pem) is trusted as a real image trusts public ones.
set -euo pipefail
suite=$1 target=$2
root=$target.new
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
mirror=${mirror%/}

[ ! -d "$root" ] || rm -rf --one-file-system "$root"
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates "$suite" "$root" "$mirror"
cat > "$root/etc/apt/sources.list" << END
deb $mirror $suite main
deb $mirror $suite-updates main
deb ${mirror%/debian}/debian-security $suite-security main
END
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/lab"

# In a mount namespace of its own (the caller's unshare), so that nothing stays mounted.
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
install() { inside apt-get -qy install --no-install-recommends "$@"; }
# resolved's package reads the file that it is about to take over.
mkdir -p "$root/run/systemd/resolve"
rm -f "$root/etc/resolv.conf"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
inside apt-get -q update
inside apt-get -qy dist-upgrade
install cloud-init netplan.io iproute2 iputils-ping openssh-server sudo procps less libpam-systemd \
  gnupg udev locales curl e2fsprogs
install systemd-resolved systemd-timesyncd
inside apt-get clean
cp "$(dirname "$target")/ca.pem" "$root/usr/local/share/ca-certificates/lab.crt"
inside update-ca-certificates
inside systemctl enable systemd-networkd systemd-resolved
umount -lR "$root/proc" "$root/sys" "$root/dev"

ln -sfn ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
rm -rf "$root"/usr/sbin/policy-rc.d "$root"/etc/hostname "$root"/etc/ssh/ssh_host_* "$root"/var/lib/dbus/machine-id \
  "$root"/var/lib/cloud/* "$root"/var/lib/apt/lists/* "$root"/run/* "$root"/etc/network/interfaces.d/*
: > "$root/etc/machine-id"
# Names that the lab answers for; every other name is unknown there.
printf '%s\n' '127.0.0.1 localhost' '169.254.169.253 secretsmanager.eu-central-1.amazonaws.com download.redis.io' \
  > "$root/etc/hosts"
cat > "$root/etc/cloud/cloud.cfg.d/90_lab.cfg" << END
datasource_list: [Ec2]
datasource:
  Ec2:
    strict_id: false
    metadata_urls: ["http://169.254.169.254"]
    max_wait: 60
    timeout: 5
    apply_full_imds_network_config: false
network: {config: disabled}
locale: C.UTF-8
# As in Debian's image for EC2 (EC2 user guide, "Manage system users"); the generic one has "debian".
system_info: {default_user: {name: admin}}
END
echo 'Acquire::http::Proxy "http://169.254.169.253:3142";' > "$root/etc/apt/apt.conf.d/01lab"
mv "$root" "$target"
