import { problemSchema } from '@vault-swarm/http/api';
import { Failure, type FailureCode } from '../failure.ts';
import type { PluginAddress } from './address.ts';

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** The failure that an answer other than 2xx means, with what to do about it. */
export function responseError(answer: Answer, path: string, address: PluginAddress): Failure {
  const { status } = answer;
  const detail = detailOf(answer);
  const { origin } = address.url;
  if (status === 401) return tokenFailure(address);
  if (detail === null) {
    return new Failure(
      'NOT_THE_PLUGIN',
      `${origin} responded to /${path} with ${status}, and not like the plugin`,
      `${address.source === null ? 'Set VAULT_SWARM_URL' : `Check ${address.source}`}: another program listens there, or a proxy is in front of it.`,
    );
  }
  if (status === 404 && detail === 'This path does not exist.') return oldPlugin(address, `it has no /${path}`);
  return new Failure(codeOf(status), withoutPeriod(detail), adviceFor(status, answer));
}

/** A plugin that answers otherwise than this command line understands. */
export function oldPlugin({ url }: PluginAddress, reason: string): Failure {
  return new Failure(
    'OLD_PLUGIN',
    `the plugin at ${url.origin} has another version than this command line: ${reason}`,
    'Update the older of the two. Each plugin includes its bin/vault-swarm.',
  );
}

function tokenFailure({ url, token }: PluginAddress): Failure {
  if (token === null) {
    return new Failure(
      'TOKEN_NEEDED',
      `the plugin at ${url.origin} needs a token`,
      'Set VAULT_SWARM_TOKEN_FILE (or VAULT_SWARM_TOKEN) to the MONITORING_TOKEN of the plugin.',
    );
  }
  return new Failure(
    'TOKEN_REFUSED',
    `the plugin at ${url.origin} refuses the token of ${token.variable}`,
    `Compare ${token.variable} with the plugin's MONITORING_TOKEN; each manager's plugin should have the same.`,
  );
}

function detailOf({ body }: Answer): string | null {
  try {
    return problemSchema.parse(JSON.parse(body)).detail;
  } catch {
    return null;
  }
}

const CODES: Readonly<Record<number, FailureCode>> = {
  403: 'NOT_ALLOWED',
  404: 'NOT_FOUND',
  409: 'ROTATION_OFF',
  422: 'TOO_MANY_SERVICES',
  429: 'TOO_MANY_REQUESTS',
  503: 'NOT_READY',
};

function codeOf(status: number): FailureCode {
  return CODES[status] ?? 'UNEXPECTED';
}

function adviceFor(status: number, { headers }: Answer): string {
  const after = headers['retry-after'];
  const again = after === undefined ? 'Retry later' : `Retry in ${String(after)} s`;
  switch (status) {
    case 403:
      return 'Use the token with full access (MONITORING_TOKEN), and an address with an allowed host name.';
    case 404:
      return 'To find the name, run vault-swarm secrets or vault-swarm services.';
    case 409:
      return 'Start the plugin with ENABLE_ROTATION=true.';
    case 422:
      return 'Name one service (--service NAME), or raise ROTATION_MAX_PARALLEL of the plugin.';
    case 429:
      return `${again}.`;
    case 503:
      return `${again}. vault-swarm status shows the problems.`;
    default:
      return "Check the plugin's log.";
  }
}

function withoutPeriod(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
