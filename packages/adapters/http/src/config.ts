import { BlockList, isIP } from 'node:net';
import type { Credential, Environment } from '@vault-swarm/provider';

/** Where monitoring listens, and who may look. */
export interface MonitoringConfig {
  readonly enabled: boolean;
  /** An address or a name, without brackets. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What all but `/health` needs; without it everybody who reaches the port may look. */
  readonly token: Credential | undefined;
  readonly allowAnonymous: boolean;
}

/**
 * Reads `ENABLE_MONITORING` and `MONITORING_*`; what is wrong with them is reported to `environment`, and so is an
 * address that others can reach while nothing keeps them out.
 */
export function parseMonitoringConfig(environment: Environment): MonitoringConfig {
  const config = {
    enabled: environment.boolean('ENABLE_MONITORING', true),
    host: environment.text('MONITORING_HOST', '127.0.0.1').replace(/^\[(.*)\]$/, '$1'),
    port: environment.integer('MONITORING_PORT', 8080, { min: 0, max: 65_535 }),
    token: environment.credential('MONITORING_TOKEN'),
    allowAnonymous: environment.boolean('MONITORING_ALLOW_ANONYMOUS', false),
  };
  if (config.token !== undefined && !/^[\x21-\x7e]+$/.test(config.token.read())) {
    environment.report(config.token.variable, 'must be of visible ASCII characters, without spaces or line breaks');
  }
  if (isIP(config.host) === 0 && !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(config.host)) {
    environment.report('MONITORING_HOST', `"${config.host}" must be an address such as 127.0.0.1 or ::1, or a name`);
  } else if (config.enabled && !isLoopback(config.host) && !keepsOthersOut(environment, config)) {
    environment.report(
      'MONITORING_HOST',
      `"${config.host}" can be reached from other machines: set MONITORING_TOKEN or MONITORING_TOKEN_FILE, ` +
        'or MONITORING_ALLOW_ANONYMOUS=true to let everybody look, or listen on 127.0.0.1',
    );
  }
  return config;
}

// A token that was given and is wrong has been reported already.
function keepsOthersOut(environment: Environment, { allowAnonymous }: MonitoringConfig): boolean {
  return allowAnonymous || environment.has('MONITORING_TOKEN') || environment.has('MONITORING_TOKEN_FILE');
}

function isLoopback(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  const version = isIP(host);
  return version === 0 ? host.toLowerCase() === 'localhost' : loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
