#!/bin/sh
# Installs or upgrades the managed plugin on all managers, one after the other, the leader last.
#
#   npm run plugin:build
#   sh examples/managed-plugin/install.sh settings.env manager-1 manager-2 manager-3
#
# settings.env has one setting a line, such as VAULT_ADDR=https://vault.example:8200, and credentials.source=/etc/vault-swarm.
# The script reaches each machine by ssh, as a user with access to Docker. The credentials are in files there already.
set -eu

[ $# -ge 2 ] || { echo "usage: install.sh SETTINGS MANAGER…" >&2; exit 2; }
settings=$1
shift
name=${PLUGIN_NAME:-vault-secrets-plugin}
directory=${PLUGIN_DIRECTORY:-dist/plugin}
[ -f "$directory/config.json" ] || { echo "$directory is no plugin; run: npm run plugin:build" >&2; exit 2; }

# The settings as words of a shell on the other machine: each in single quotes.
words=$(sed -e '/^ *#/d' -e '/^ *$/d' -e "s/'/'\\\\''/g" -e "s/.*/'&'/" "$settings" | tr '\n' ' ')

is_leader() { [ "$(ssh "$1" docker node inspect self --format "'{{.ManagerStatus.Leader}}'")" = true ]; }

install() {
  echo "$1: copying"
  tar -C "$directory" -c . | ssh "$1" "rm -rf /tmp/$name && mkdir -p /tmp/$name && tar -C /tmp/$name -x"
  echo "$1: installing"
  ssh "$1" "set -e
    if docker plugin inspect $name > /dev/null 2>&1; then docker plugin disable --force $name || true; docker plugin rm $name; fi
    docker plugin create $name /tmp/$name
    docker plugin set $name $words
    docker plugin enable $name
    rm -rf /tmp/$name"
}

# The leader's engine asks its own plugin, so it is the last one without.
leader=
for manager in "$@"; do
  if is_leader "$manager"; then leader=$manager; else install "$manager"; fi
done
[ -z "$leader" ] || install "$leader"
echo "done: $*"
