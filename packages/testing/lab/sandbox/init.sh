#!/bin/sh
# init.sh KIND FOLDER COMMAND [ARGUMENT…]: the first process in namespaces of its own (process ids, mounts, network).
# KIND is `box` for a whole run (its own plugin sockets and engine settings), or `engine` for one machine within a box,
# which shares those with it; or `node` for a machine that is joined to others (see managers.ts): NODE_NAME is its host
# name, NODE_ADDRESS (as 192.168.97.1/24) belongs to its device eth0, and NODE_PLUGINS is its own folder of plugin sockets.
# When COMMAND ends, everything in here ends.
#
# File descriptor 3 is the lifeline: who started us writes the name of a signal for COMMAND, a line each; when the other
# end closes, for whatever reason, everything in here is killed.
set -eu
kind=$1 folder=$2
shift 2

ip link set lo up

# /sys belongs to a network namespace: mounted anew, over the same cgroups (v1, v2 or both: whatever is mounted there).
mkdir -p "$folder/cgroup"
mount --rbind /sys/fs/cgroup "$folder/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$folder/cgroup" /sys/fs/cgroup
umount -l "$folder/cgroup"
rmdir "$folder/cgroup"

if [ "$kind" = node ]; then
  # The first line says that the other end of the cable is plugged in; only who started us can do that.
  read -r _ <&3
  echo "$NODE_NAME" >/proc/sys/kernel/hostname
  ip address add "$NODE_ADDRESS" dev eth0
  ip link set eth0 up
  mkdir -p /run/docker/plugins "$NODE_PLUGINS"
  mount --bind "$NODE_PLUGINS" /run/docker/plugins
fi

if [ "$kind" = box ]; then
  # Every engine looks for plugins in /run/docker/plugins, whatever its own folders are: this run gets its own.
  for private in /run/docker /run/containerd /etc/docker; do
    mkdir -p "$private"
    mount -t tmpfs -o mode=0755 tmpfs "$private"
  done
fi

"$@" 3<&- &
command=$!
(
  while read -r signal; do kill -s "$signal" "$command" 2>/dev/null || :; done <&3
  kill -s KILL -- -1
) &

# A signal interrupts the wait; as the first process we also reap the orphans.
trap 'kill -s TERM "$command" 2>/dev/null || :' TERM INT HUP
while :; do
  status=0
  wait "$command" 2>/dev/null || status=$? # The shell says on stderr that it was killed.
  kill -0 "$command" 2>/dev/null || break
done
exit "$status"
