#!/bin/sh
# init.sh KIND DIRECTORY COMMAND [ARGUMENT…]: the first process of new namespaces (process ids, mounts, network). KIND is
# - `sandbox` for a whole run, with its own plugin sockets and engine settings;
# - `engine` for one machine in a sandbox, which shares these with it;
# - `node` for a machine that is connected to others (see managers.ts): NODE_NAME is its host name, NODE_ADDRESS (such as
#   192.168.97.1/24) the address of its device eth0, and NODE_PLUGINS its own directory of plugin sockets.
# When COMMAND ends, all other processes of the namespaces end.
#
# File descriptor 3 is the lifeline. The starter writes the names of signals for COMMAND to it, one per line. When its other end
# closes, for whatever reason, all processes of the namespaces are killed.
set -eu
kind=$1 directory=$2
shift 2

ip link set lo up

# /sys belongs to a network namespace, so it is mounted again, with the same cgroups (v1, v2 or both) in it.
mkdir -p "$directory/cgroup"
mount --rbind /sys/fs/cgroup "$directory/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$directory/cgroup" /sys/fs/cgroup
umount -l "$directory/cgroup"
rmdir "$directory/cgroup"

if [ "$kind" = node ]; then
  # The first line says that the starter has connected the device eth0.
  read -r _ <&3
  echo "$NODE_NAME" >/proc/sys/kernel/hostname
  ip address add "$NODE_ADDRESS" dev eth0
  ip link set eth0 up
  mkdir -p /run/docker/plugins "$NODE_PLUGINS"
  mount --bind "$NODE_PLUGINS" /run/docker/plugins
fi

if [ "$kind" = sandbox ]; then
  # Every engine looks for plugins in /run/docker/plugins, whatever its settings: this run gets its own.
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

# A signal interrupts the wait. The first process also reaps orphans.
trap 'kill -s TERM "$command" 2>/dev/null || :' TERM INT HUP
while :; do
  status=0
  wait "$command" 2>/dev/null || status=$? # The shell reports a killed command on stderr.
  kill -0 "$command" 2>/dev/null || break
done
exit "$status"
