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
      `${origin} answered /${path} with ${status}, and not as the plugin does`,
      `${address.source === null ? 'Set VAULT_SWARM_URL' : `Check ${address.source}`}: something else listens there, or a proxy stands before it.`,
    );
  }
  if (status === 404 && detail === 'There is nothing under this path.') return oldPlugin(address, `it has no /${path}`);
  return new Failure(codeOf(status), withoutPeriod(detail), adviceFor(status, answer));
}

/** A plugin that answers otherwise than this command line understands. */
export function oldPlugin({ url }: PluginAddress, reason: string): Failure {
  return new Failure(
    'OLD_PLUGIN',
    `the plugin at ${url.origin} is of another version than this command line: ${reason}`,
    'Update the older of the two; a plugin comes with its own bin/vault-swarm.',
  );
}

function tokenFailure({ url, token }: PluginAddress): Failure {
  if (token === null) {
    return new Failure(
      'TOKEN_NEEDED',
      `the plugin at ${url.origin} wants a token`,
      'Set VAULT_SWARM_TOKEN_FILE (or VAULT_SWARM_TOKEN) to what the plugin has as MONITORING_TOKEN.',
    );
  }
  return new Failure(
    'TOKEN_REFUSED',
    `the plugin at ${url.origin} does not take the token of ${token.variable}`,
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
  429: 'TOO_MANY_REQUESTS',
  503: 'NOT_READY',
};

function codeOf(status: number): FailureCode {
  return CODES[status] ?? 'UNEXPECTED';
}

function adviceFor(status: number, { headers }: Answer): string {
  const after = headers['retry-after'];
  const again = after === undefined ? 'Try again in a while' : `Try again in ${String(after)} s`;
  switch (status) {
    case 403:
      return 'Use the full token (MONITORING_TOKEN), and an address whose name the plugin answers to.';
    case 404:
      return 'Look the name up with vault-swarm secrets or vault-swarm services.';
    case 409:
      return 'Start the plugin with ENABLE_ROTATION=true.';
    case 429:
      return `${again}.`;
    case 503:
      return `${again}; vault-swarm status says what is wrong.`;
    default:
      return "Check the plugin's log.";
  }
}

function withoutPeriod(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
