#!/usr/bin/env bash
# attach.sh FOLDER: attaches FOLDER/disk.img to the running host of that folder, and waits until it has mounted it.
# Called in the lab's namespaces.
set -euo pipefail
folder=$1
here=$(dirname "$(readlink -f "$0")")
device=$(losetup --find --show "$folder/disk.img")
bash "$here/enter.sh" "$folder" mknod /dev/sdf b $((0x$(stat --format=%t "$device"))) $((0x$(stat --format=%T "$device")))
for _ in $(seq 600); do
  bash "$here/enter.sh" "$folder" sh -c 'grep -q "^/dev/sdf " /proc/mounts' && break
  sleep 0.1
done
losetup --detach "$device" # takes effect with the last mount
