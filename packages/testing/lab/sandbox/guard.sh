#!/bin/sh
# guard.sh FOLDER COMMAND [ARGUMENT…]: runs COMMAND in a box, and afterwards removes what a box can't remove itself: its
# folder and the empty cgroups of its engines. It runs in a session of its own, so that it outlives its starter;
# file descriptor 3 (see init.sh) ends the box when the starter ends.
set -u
folder=$1
shift
here=$(dirname -- "$0")
# Not ended by a signal to all of a terminal's or service's processes, but by the box's end, so that it can clear up.
trap : INT TERM HUP

status=0
unshare --pid --fork --kill-child --mount-proc --mount --net --propagation private \
  sh "$here/init.sh" box "$folder" "$@" || status=$?

# The engines' cgroups are named after the folder (see engine.ts), as inner boxes are; only empty ones can be removed,
# deepest first.
find /sys/fs/cgroup -depth -type d -path "*/$(basename -- "$folder")*" -exec rmdir {} \; 2>/dev/null
rm -rf --one-file-system -- "$folder" "$folder"-*
exit "$status"
