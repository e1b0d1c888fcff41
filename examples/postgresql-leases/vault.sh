#!/bin/sh
# Prepares Vault: the database engine, a role, and what the plugin's login may do. Run it with an administrator's token.
#   DB_ADMIN_PASSWORD=… sh vault.sh
set -eu

vault secrets enable database
vault write database/config/shop plugin_name=postgresql-database-plugin allowed_roles=shop \
  connection_url='postgresql://{{username}}:{{password}}@shop_db:5432/shop?sslmode=disable' \
  username=postgres password="$DB_ADMIN_PASSWORD"
# Each credential is a user of its own, with the rights of the role "shop_rw".
vault write database/roles/shop db_name=shop default_ttl=1h max_ttl=24h \
  creation_statements="CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE shop_rw"

# What the tokens that own the credentials may request. They end with the generation of the service.
vault policy write swarm-leases - <<'END'
path "database/creds/shop" { capabilities = ["read"] }
END
vault write auth/token/roles/vault-swarm orphan=true token_period=24h allowed_policies=swarm-leases

# What the plugin's own login needs: add this policy to its role.
vault policy write swarm-holders - <<'END'
path "auth/token/create/vault-swarm" { capabilities = ["update"] }
path "auth/token/renew-accessor"     { capabilities = ["update"] }
path "auth/token/revoke-accessor"    { capabilities = ["update"] }
path "sys/leases/renew"              { capabilities = ["update"] }
path "sys/leases/revoke"             { capabilities = ["update"] }
END
