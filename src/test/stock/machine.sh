#!/usr/bin/env bash
# machine.sh FOLDER BASE CACHE USER PROJECT TERRAFORM MAVEN_REPOSITORY: a machine that runs until its standard input
# ends; prints "ready" when commands can be run on it (nsenter).
#
# Called in mount and process namespaces of its own, so that nothing it mounts or runs outlives it.
# FOLDER holds what is written over BASE. CACHE keeps downloaded Debian packages. USER gets a copy of PROJECT
# in the home folder.
set -euo pipefail
folder=$1 base=$2 cache=$3 user=$4 project=$5 terraform=$6 repository=$7
root=$folder/root
mkdir -p "$folder"/{upper,work} "$root" "$cache"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount --bind "$cache" "$root/var/cache/apt/archives"
for file in resolv.conf hosts hostname; do
  [ ! -e "/etc/$file" ] || cp -L --remove-destination "/etc/$file" "$root/etc/$file"
done
# The certificate authorities that this machine's owner added, such as a company's.
if compgen -G '/usr/local/share/ca-certificates/*.crt' > /dev/null; then
  cp -L /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
  chroot "$root" update-ca-certificates > /dev/null 2>&1
fi

home=$root$(chroot "$root" getent passwd "$user" | cut -d: -f6)
clone=$home/rediform
mkdir -p "$clone/.rediform/tools"
(cd "$project" && git ls-files -z --cached --others --exclude-standard \
  | tar --create --null --ignore-failed-read --files-from=-) | tar --extract --no-same-owner --directory="$clone"
# Where the launcher would download it to: not every network reaches HashiCorp.
cp "$terraform" "$clone/.rediform/tools/terraform"
# What this machine's Maven and npm downloaded before need not be downloaded again.
share() {
  [ -d "$1" ] || return 0
  mkdir -p "$2" "$folder/share/$3"/{upper,work}
  mount -t overlay overlay \
    -o "metacopy=on,lowerdir=$1,upperdir=$folder/share/$3/upper,workdir=$folder/share/$3/work" "$2"
}
share "$repository" "$home/.m2/repository" maven
share "$HOME/.npm/_cacache" "$home/.npm/_cacache" npm
[ ! -f "$HOME/.m2/settings.xml" ] || cp "$HOME/.m2/settings.xml" "$home/.m2/"
chroot "$root" chown -R "$user:" "/${home#"$root/"}"

# As process 1 it takes in orphans, as every init does.
exec chroot "$root" bash -c 'echo ready; while read -r _; do :; done'
