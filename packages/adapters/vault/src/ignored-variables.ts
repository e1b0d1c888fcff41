import type { Environment } from '@vault-swarm/provider';
import type { VariablePrefix } from './vault-server.ts';

/**
 * Variables that Vault's and OpenBao's own clients or swarm-external-secrets read and the plugin does not, with what
 * to do instead. `*` is the prefix of our variables.
 */
const ADVICE: Readonly<Record<string, string>> = {
  AGENT_ADDR: 'set the address of the agent as *_ADDR',
  CLIENT_CERT_BYTES: 'set a file as *_CLIENT_CERT',
  CLIENT_KEY_BYTES: 'set a file as *_CLIENT_KEY',
  CLIENT_TIMEOUT: 'GETSECRET_DEADLINE limits how long a task waits',
  DISABLE_REDIRECTS: 'one redirect is followed',
  HEADERS: 'no further headers are sent',
  MAX_RETRIES: 'the number of retries is fixed',
  MFA: 'a login with a second factor is not supported',
  RATE_LIMIT: 'at most 16 calls are made at the same time',
  SRV_LOOKUP: 'set host and port as *_ADDR',
  TOKEN_PATH: 'set the file as *_TOKEN_FILE',
  WRAP_TTL: 'values are read without wrapping',
  APPROLE_AUTH_PATH: 'set the mount as *_AUTH_MOUNT',
  JWT_AUTH_PATH: 'set the mount as *_AUTH_MOUNT',
  KV_VERSION: 'the server is asked; set *_KV_MOUNTS if the server does not show the versions',
};

/** The prefix of OpenBao's own client. */
const OPENBAO_CLIENT = 'BAO_';

/** Warns of variables of the server's own client that are set and have no effect here. */
export function warnOfIgnored(environment: Environment, prefix: VariablePrefix): void {
  for (const [name, advice] of Object.entries(ADVICE)) {
    environment.warnUnread(`${prefix}_${name}`, advice.replaceAll('*', prefix));
  }
  if (prefix !== 'OPENBAO') return;
  for (const name of environment.unread.filter((unread) => unread.startsWith(OPENBAO_CLIENT))) {
    const own = name.slice(OPENBAO_CLIENT.length);
    const advice = ADVICE[own] ?? `set it as *_${own}`;
    environment.warnUnread(name, advice.replaceAll('*', prefix));
  }
}
