import type { Environment } from '@vault-swarm/provider';
import { type AppRoleConfig, parseAppRole } from './approle.ts';
import { type AwsConfig, parseAws } from './aws.ts';
import { type CertConfig, parseCert } from './cert.ts';
import { type JwtConfig, parseJwt } from './jwt.ts';
import { type PasswordConfig, parsePassword } from './password.ts';
import type { AuthSettings } from './settings.ts';
import { parseToken, type TokenConfig } from './token.ts';

/** The configuration of the login. */
export type VaultAuthConfig = TokenConfig | AppRoleConfig | JwtConfig | PasswordConfig | CertConfig | AwsConfig;

const METHODS = ['token', 'approle', 'jwt', 'userpass', 'ldap', 'cert', 'aws'] as const;
type Method = (typeof METHODS)[number];

const PARSERS: Readonly<Record<Method, (settings: AuthSettings) => VaultAuthConfig>> = {
  token: parseToken,
  approle: parseAppRole,
  jwt: parseJwt,
  userpass: parsePassword('userpass'),
  ldap: parsePassword('ldap'),
  cert: parseCert,
  aws: parseAws,
};

/**
 * Settings that only some methods have. `TOKEN` is not among them: administrators of Vault often have it in their
 * environment.
 */
const SETTINGS: readonly (readonly [name: string, ...methods: Method[]])[] = [
  ['ROLE_ID', 'approle'],
  ['SECRET_ID', 'approle'],
  ['SECRET_ID_FILE', 'approle'],
  ['SECRET_ID_WRAPPING_PATH', 'approle'],
  ['JWT_ROLE', 'jwt'],
  ['JWT', 'jwt'],
  ['JWT_FILE', 'jwt'],
  ['USERNAME', 'userpass', 'ldap'],
  ['PASSWORD', 'userpass', 'ldap'],
  ['PASSWORD_FILE', 'userpass', 'ldap'],
  ['CERT_ROLE', 'cert'],
  ['AWS_ROLE', 'aws'],
  ['AWS_SERVER_ID', 'aws'],
];

const CREDENTIALS = ['TOKEN', 'SECRET_ID', 'JWT', 'PASSWORD'];

/**
 * Reads `VAULT_AUTH_METHOD` and the settings of that method. Reports missing ones, and settings of other methods,
 * which would have no effect.
 */
export function parseAuth(environment: Environment, variable: (name: string) => string): VaultAuthConfig {
  const reported = environment.problems.length;
  const method = environment.oneOf(variable('AUTH_METHOD'), METHODS, 'token');
  if (environment.problems.length > reported) {
    // Which settings an unknown method needs is not known. What is wrong with a credential in itself is.
    for (const name of CREDENTIALS) environment.credential(variable(name));
    return { method: 'token', token: undefined };
  }
  const config = PARSERS[method]({ environment, variable });
  for (const [name, ...methods] of SETTINGS) {
    if (methods.includes(method) || !environment.has(variable(name))) continue;
    environment.report(
      variable(name),
      `belongs to ${variable('AUTH_METHOD')}=${methods.join(' or ')}, but the method is ${method}; change the method or remove it`,
    );
  }
  // It is not used, but two of them, or a missing file, are a mistake all the same.
  if (method !== 'token') environment.credential(variable('TOKEN'));
  return config;
}
