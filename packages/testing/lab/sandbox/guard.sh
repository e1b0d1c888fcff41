#!/bin/sh
# guard.sh DIRECTORY COMMAND [ARGUMENT…]: runs COMMAND in a sandbox, and then removes what a sandbox can't remove itself: its
# directory and the empty cgroups of its engines. It runs in its own session, so that it outlives its starter. File descriptor 3
# (see init.sh) ends the sandbox when the starter ends.
set -u
directory=$1
shift
here=$(dirname -- "$0")
# Ignores signals to all processes of a terminal or service, so that it can clean up when the sandbox has ended.
trap : INT TERM HUP

status=0
unshare --pid --fork --kill-child --mount-proc --mount --net --propagation private \
  sh "$here/init.sh" sandbox "$directory" "$@" || status=$?

# The cgroups of engines and of inner sandboxes are named after the directory (see engine.ts). Only empty ones can be removed,
# deepest first.
find /sys/fs/cgroup -depth -type d -path "*/$(basename -- "$directory")*" -exec rmdir {} \; 2>/dev/null
rm -rf --one-file-system -- "$directory" "$directory"-*
exit "$status"
