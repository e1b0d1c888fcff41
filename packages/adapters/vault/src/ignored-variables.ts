import type { Environment } from '@vault-swarm/provider';
import type { VariablePrefix } from './vault-server.ts';

/**
 * What Vault's and OpenBao's own clients read, or swarm-external-secrets, and the plugin does not; and what to do instead. `*` is
 * the prefix of our own variables.
 */
const ADVICE: Readonly<Record<string, string>> = {
  AGENT_ADDR: 'give the address of the agent as *_ADDR',
  CLIENT_CERT_BYTES: 'give a file as *_CLIENT_CERT',
  CLIENT_KEY_BYTES: 'give a file as *_CLIENT_KEY',
  CLIENT_TIMEOUT: 'GETSECRET_DEADLINE limits how long a task waits',
  DISABLE_REDIRECTS: 'one redirect is followed',
  HEADERS: 'no further headers are sent',
  MAX_RETRIES: 'the plugin decides itself how often it asks',
  MFA: 'a login with a second factor is not supported',
  RATE_LIMIT: 'the plugin makes at most 16 calls at the same time',
  SRV_LOOKUP: 'give host and port as *_ADDR',
  TOKEN_PATH: 'give the file as *_TOKEN_FILE',
  WRAP_TTL: 'values are read without wrapping',
  APPROLE_AUTH_PATH: 'give the mount as *_AUTH_MOUNT',
  JWT_AUTH_PATH: 'give the mount as *_AUTH_MOUNT',
  KV_VERSION: 'the server is asked; *_KV_MOUNTS gives the versions where it does not tell',
};

/** OpenBao's own client reads its variables by this prefix. */
const OPENBAO_CLIENT = 'BAO_';

/** Warns of variables of the server's own client that are given and have no effect here. */
export function warnOfIgnored(environment: Environment, prefix: VariablePrefix): void {
  for (const [name, advice] of Object.entries(ADVICE)) {
    environment.warnUnread(`${prefix}_${name}`, advice.replaceAll('*', prefix));
  }
  if (prefix !== 'OPENBAO') return;
  for (const name of environment.unread.filter((unread) => unread.startsWith(OPENBAO_CLIENT))) {
    const own = name.slice(OPENBAO_CLIENT.length);
    const advice = ADVICE[own] ?? `give it as *_${own}`;
    environment.warnUnread(name, advice.replaceAll('*', prefix));
  }
}
