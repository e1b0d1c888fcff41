#!/bin/sh
# Prepares Vault's PKI engine with an authority of its own, for names below example.com. Run it with an administrator's token.
set -eu

vault secrets enable pki
vault secrets tune -max-lease-ttl=87600h pki
vault write -field=certificate pki/root/generate/internal common_name='Example CA' ttl=87600h > ca.pem
vault write pki/roles/web allowed_domains=example.com allow_subdomains=true max_ttl=720h

# What the tokens that own the certificates may request.
vault policy write swarm-leases - <<'END'
path "pki/issue/web" { capabilities = ["update"] }
END
vault write auth/token/roles/vault-swarm orphan=true token_period=24h allowed_policies=swarm-leases
