import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Variables } from '@vault-swarm/lab/variables';
import { certificate } from './certificate.ts';
import { startLdapDirectory } from './ldap-directory.ts';
import type { RealVault } from './real-vault.ts';
import { startTokenService } from './token-service.ts';

/** What the tokens of logins are like. Durations as Vault writes them. */
interface TokenLife {
  readonly ttl: string;
  readonly maxTtl: string;
  readonly type?: 'service' | 'batch';
}

/** A method of logging in, set up in a real Vault at a mount of its own. */
export interface LoginSetUp {
  /** The settings that log in there. */
  readonly variables: Variables;
  /** Gives tokens of later logins another life. */
  setLife(life: TokenLife): Promise<void>;
  /** Makes the credentials that we have useless, and then others that are in the files. */
  spoil(): Promise<void>;
  repair(): Promise<void>;
  /** Removes the mount, and all that was made for it. */
  remove(): Promise<void>;
}

type Tokens = Readonly<Record<string, string | readonly string[]>>;
type SetUp = (vault: RealVault, mount: string, files: Directory) => Promise<Parts>;

interface Parts {
  readonly variables: Variables;
  readonly configure: (tokens: Tokens) => Promise<unknown>;
  readonly spoil: () => Promise<unknown>;
  readonly repair: () => Promise<unknown>;
  readonly close?: () => Promise<void>;
}

/** A directory for credentials. */
class Directory {
  readonly path = mkdtempSync(join(tmpdir(), 'vault-login-'));

  write(name: string, text: string): string {
    const file = join(this.path, name);
    writeFileSync(file, text);
    return file;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

const approle: SetUp = async ({ admin }, mount, files) => {
  const role = `auth/${mount}/role/app`;
  const configure = (tokens: Tokens) => admin.send('POST', role, tokens);
  await configure({});
  const { role_id: roleId } = await admin.send('GET', `${role}/role-id`);
  const newSecretId = async () => {
    const { secret_id: secretId } = await admin.send('POST', `${role}/secret-id`);
    return files.write('secret-id', `${secretId}\n`);
  };
  const file = await newSecretId();
  return {
    variables: { VAULT_ROLE_ID: String(roleId), VAULT_SECRET_ID_FILE: file },
    configure,
    spoil: () => admin.send('POST', `${role}/secret-id/destroy`, { secret_id: readFileSync(file, 'utf8').trim() }),
    repair: newSecretId,
  };
};

const jwt: SetUp = async ({ admin }, mount, files) => {
  const old = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const trust = (key: KeyObject) =>
    admin.send('POST', `auth/${mount}/config`, {
      jwt_validation_pubkeys: [String(key.export({ type: 'spki', format: 'pem' }))],
    });
  await trust(old.publicKey);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = files.write('jwt', signedToken(old.privateKey));
  return {
    variables: { VAULT_JWT_ROLE: 'app', VAULT_JWT_FILE: file },
    configure: (tokens) =>
      admin.send('POST', `auth/${mount}/role/app`, {
        role_type: 'jwt',
        user_claim: 'sub',
        bound_subject: 'swarm',
        bound_audiences: ['vault'],
        ...tokens,
      }),
    spoil: () => trust(other.publicKey),
    repair: async () => files.write('jwt', signedToken(other.privateKey)),
  };
};

const userpass: SetUp = async ({ admin }, mount, files) => {
  const user = `auth/${mount}/users/swarm`;
  const file = files.write('password', 'first\n');
  return {
    variables: { VAULT_USERNAME: 'swarm', VAULT_PASSWORD_FILE: file },
    configure: (tokens) => admin.send('POST', user, { password: 'first', ...tokens }),
    spoil: () => admin.send('POST', `${user}/password`, { password: 'second' }),
    repair: async () => files.write('password', 'second\n'),
  };
};

const ldap: SetUp = async ({ admin }, mount, files) => {
  const directory = await startLdapDirectory();
  const dn = 'cn=swarm,ou=services,dc=example';
  directory.setPassword(dn, 'first');
  const file = files.write('password', 'first');
  await admin.send('POST', `auth/${mount}/users/swarm`, { policies: ['app'] });
  return {
    variables: { VAULT_USERNAME: 'swarm', VAULT_PASSWORD_FILE: file },
    configure: (tokens) =>
      admin.send('POST', `auth/${mount}/config`, {
        url: directory.url,
        userdn: 'ou=services,dc=example',
        userattr: 'cn',
        username_as_alias: true,
        ...tokens,
      }),
    spoil: async () => directory.setPassword(dn, 'second'),
    repair: async () => files.write('password', 'second'),
    close: directory.close,
  };
};

const cert: SetUp = async ({ admin, address, caFile }, mount, files) => {
  const [old, other] = [certificate(), certificate()];
  const role = `auth/${mount}/certs/app`;
  const put = ({ cert: text, key }: typeof old) => {
    files.write('key.pem', key);
    return files.write('cert.pem', text);
  };
  let trusted = old;
  let tokens: Tokens = {};
  const configure = (given: Tokens) => {
    tokens = given;
    return admin.send('POST', role, { certificate: trusted.cert, ...tokens });
  };
  put(old);
  return {
    variables: {
      VAULT_ADDR: address,
      VAULT_CACERT: caFile,
      VAULT_CLIENT_CERT: join(files.path, 'cert.pem'),
      VAULT_CLIENT_KEY: join(files.path, 'key.pem'),
      VAULT_CERT_ROLE: 'app',
    },
    configure,
    spoil: () => {
      trusted = other;
      return configure(tokens);
    },
    repair: async () => put(other),
    close: async () => {
      await old.remove();
      await other.remove();
    },
  };
};

const aws: SetUp = async ({ admin }, mount, files) => {
  const service = await startTokenService();
  const identity = (secret: string) => ({ secret, arn: 'arn:aws:sts::123456789012:assumed-role/swarm-manager/i-1' });
  service.keys.set('AKIAEXAMPLE', identity('first/key'));
  const file = files.write('secret-key', 'first/key\n');
  await admin.send('POST', `auth/${mount}/config/client`, {
    sts_endpoint: service.address,
    iam_server_id_header_value: 'vault.example',
  });
  return {
    variables: {
      VAULT_AWS_ROLE: 'app',
      VAULT_AWS_SERVER_ID: 'vault.example',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY_FILE: file,
    },
    configure: (tokens) =>
      admin.send('POST', `auth/${mount}/role/app`, {
        auth_type: 'iam',
        bound_iam_principal_arn: ['arn:aws:iam::123456789012:role/swarm-manager'],
        resolve_aws_unique_ids: false,
        ...tokens,
      }),
    spoil: async () => service.keys.set('AKIAEXAMPLE', identity('second+key')),
    repair: async () => files.write('secret-key', 'second+key\n'),
    close: service.close,
  };
};

const SET_UPS = { approle, jwt, userpass, ldap, cert, aws } as const;

/** The methods that {@link setUpLogin} knows. `cert` needs a Vault with TLS. */
export type LoginMethod = keyof typeof SET_UPS;

/** Enables a method at the mount `METHOD-for-NAME`, for tokens with the policy `app`. */
export async function setUpLogin(method: LoginMethod, vault: RealVault, name: string): Promise<LoginSetUp> {
  const mount = `${method}-for-${name}`;
  const files = new Directory();
  await vault.admin.send('POST', `sys/auth/${mount}`, { type: method });
  const { variables, configure, spoil, repair, close } = await SET_UPS[method](vault, mount, files);
  const setLife = async ({ ttl, maxTtl, type = 'service' }: TokenLife) => {
    await configure({ token_policies: ['app'], token_ttl: ttl, token_max_ttl: maxTtl, token_type: type });
  };
  await setLife({ ttl: '1h', maxTtl: '2h' });
  return {
    variables: {
      VAULT_ADDR: vault.address,
      VAULT_AUTH_METHOD: method,
      VAULT_AUTH_MOUNT: mount,
      ...variables,
    },
    setLife,
    spoil: async () => void (await spoil()),
    repair: async () => void (await repair()),
    async remove() {
      await vault.admin.send('DELETE', `sys/auth/${mount}`);
      await close?.();
      files.remove();
    },
  };
}

function signedToken(key: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'ES256', typ: 'JWT' })}.${part({ sub: 'swarm', aud: 'vault', iat: now, exp: now + 300 })}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
