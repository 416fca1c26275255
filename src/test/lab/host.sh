#!/usr/bin/env bash
# host.sh NAME FOLDER BASE: one host, from power-on to power-off; a reboot boots it again, as a machine does.
#
# Called in the lab's namespaces, through `unshare --mount`. FOLDER holds the host's disks: upper/ and work/ over
# BASE (the root disk), and disk.img (the data volume) where there is one.
set -euo pipefail
name=$1 folder=$2 base=$3
mkdir -p "$folder"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"

# systemd wants control groups of version 2; the machine's own tree is out of sight from here.
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/rediform-lab-$name"
echo $$ > "/sys/fs/cgroup/rediform-lab-$name/cgroup.procs"

volume=()
status=133
while [ "$status" = 133 ]; do # nspawn's word for a reboot
  # At a reboot also one that came after the power: attach.sh gave it to the system that ran then.
  if [ "${#volume[@]}" = 0 ] && [ -f "$folder/disk.img" ]; then
    device=$(losetup --find --show "$folder/disk.img")
    exec 9<> "$device"
    losetup --detach "$device" # takes effect when the last user is gone, however that comes about
    volume=("--bind=$device:/dev/sdf")
  fi
  ip -n lab link delete "vb-$name" 2> /dev/null || true
  nsenter --net=/run/netns/lab systemd-nspawn --quiet --boot --directory="$folder/root" --machine="$name" \
    --keep-unit --register=no --network-bridge=br0 --resolv-conf=off --timezone=off --link-journal=no \
    --console=read-only --kill-signal=SIGRTMIN+3 "${volume[@]}" 9>&- &
  echo $! > "$folder/nspawn.pid"
  status=0
  wait $! || status=$?
  rm -f "$folder/nspawn.pid"
done
umount --lazy "$folder/root"
echo $$ > /sys/fs/cgroup/cgroup.procs
find "/sys/fs/cgroup/rediform-lab-$name" -depth -type d -exec rmdir {} + 2> /dev/null || true
