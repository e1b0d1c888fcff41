import { appRoleAuth } from './approle.ts';
import { awsAuth } from './aws.ts';
import { certAuth } from './cert.ts';
import type { VaultAuthConfig } from './config.ts';
import { jwtAuth } from './jwt.ts';
import type { AuthMethod } from './method.ts';
import { passwordAuth } from './password.ts';
import { tokenAuth } from './token.ts';

/** Creates the configured method. */
export function authMethod(config: VaultAuthConfig): AuthMethod {
  switch (config.method) {
    case 'token':
      return tokenAuth(config);
    case 'approle':
      return appRoleAuth(config);
    case 'jwt':
      return jwtAuth(config);
    case 'userpass':
    case 'ldap':
      return passwordAuth(config);
    case 'cert':
      return certAuth(config);
    case 'aws':
      return awsAuth(config);
  }
}
