#!/usr/bin/env bash
# build.sh DIR: builds DIR/vault-slim, HashiCorp Vault 1.21.4's core with the backends named in main.go, from the Go
# module proxy. Needs Go >= 1.25.3 on PATH and perl, nothing else. A test tool (Vault's licence is BUSL 1.1): never shipped.
# How it is kept small, with Vault's own code otherwise untouched:
# - main.go replaces Vault's `command` package and its plugin list (helper/builtinplugins);
# - stubs.txt replaces the modules that the core imports for things dev mode never does (cloud KMS seals and so on);
# - of AWS's SDK, which the aws auth method needs, EC2 (25 s to compile) is replaced too, and the rest is taken as it is;
# - a patch of three lines: Vault's own `replace .../sdk => ./sdk` does not apply when it is a dependency, and no published
#   tag of sdk fits 1.21.4, so three call sites are fitted to sdk v0.21.0 (deduplication flag and transit restore only).
# Deterministic without a committed go.sum: versions follow from Vault's go.mod, verified by the checksum database;
# -trimpath, so that the directory does not show in the binary.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mkdir -p "$1" && cd "$1" && pwd)
version=v1.21.4
[ -x "$dir/vault-slim" ] && exit 0
export GOFLAGS='-mod=mod -buildvcs=false' CGO_ENABLED=0
mkdir -p "$dir/build-slim" && cd "$dir/build-slim"
rm -rf vault-src stubs go.mod go.sum
cp "$here/main.go" .

fetch() { # MODULE VERSION: downloads it and prints its directory
  local folder
  folder=$(cd /tmp && go mod download -json "$1@$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  [ -d "$folder" ] || { echo "cannot download $1@$2" >&2; exit 1; }
  echo "$folder"
}
src=$(fetch github.com/hashicorp/vault "$version")
cp -r "$src" vault-src && chmod -R u+w vault-src
sub() { # FILE OLD NEW: replace exactly one line's text, fail if it is not there
  grep -qF -- "$2" "$1" || { echo "patch does not fit: $1: $2" >&2; exit 1; }
  OLD=$2 NEW=$3 perl -0pi -e 's/\Q$ENV{OLD}\E/$ENV{NEW}/' "$1"
}
sub vault-src/vault/identity_store.go 'ActivationFunc: iStore.activateDeduplication,' \
  'ActivationFunc: func(ctx context.Context, r *logical.Request, _ string) error { return iStore.activateDeduplication(ctx, r) },'
sub vault-src/vault/logical_system_activation_flags.go 'ActivationFunc(ctx, nil)' 'ActivationFunc(ctx, nil, "")'
sub vault-src/builtin/logical/transit/path_restore.go 'restoredKeyName, err := b.lm.RestorePolicy(' \
  'restoredKeyName := keyName
	err := b.lm.RestorePolicy('

{
  printf 'module vaultslim\n\ngo 1.25.3\n\nrequire github.com/hashicorp/vault %s\n\nreplace github.com/hashicorp/vault => ./vault-src\n' "$version"
  sed -n 's/^-- module \([^ ]*\) \(.*\)$/replace \2 => .\/stubs\/\1/p' "$here/stubs.txt"
} > go.mod
perl -e '
  use strict; use File::Basename; use File::Path "make_path"; my ($d, $out);
  my $kms = q{import (
	"context"
	"errors"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
)

type Wrapper struct{ wrapping.Wrapper }

func NewWrapper() *Wrapper { return &Wrapper{} }
func (*Wrapper) SetConfig(context.Context, ...wrapping.Option) (*wrapping.WrapperConfig, error) {
	return nil, errors.New("cloud and transit seals are not built into vault-slim")
}

};
  sub to { my $f = "stubs/$d/$_[0]"; make_path(dirname $f); open $out, ">", $f or die "$f: $!"; }
  while (<>) {
    if (/^-- module (\S+) (\S+)$/) { $d = $1; to("go.mod"); print $out "module $2\n\ngo 1.25\n"; }
    elsif (/^-- file (\S+)$/) { to($1); }
    elsif (/^-- kms (\S+)$/) { to("$1.go"); print $out "package $1\n\n$kms"; } # what the six seal wrappers share
    elsif ($out) { print $out $_; }
  }' "$here/stubs.txt"
sdk=$(fetch github.com/aws/aws-sdk-go "$(sed -n 's/^\tgithub.com\/aws\/aws-sdk-go \(v[^ ]*\).*/\1/p' vault-src/go.mod)")
for part in aws internal private service/iam service/sso service/ssooidc service/sts; do
  mkdir -p "stubs/awssdk/$(dirname "$part")" && cp -r "$sdk/$part" "stubs/awssdk/$part"
done
go build -trimpath -ldflags='-s -w' -o "$dir/vault-slim.tmp" .
mv "$dir/vault-slim.tmp" "$dir/vault-slim"
"$dir/vault-slim" version >&2
