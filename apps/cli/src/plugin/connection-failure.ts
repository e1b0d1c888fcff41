import { displayText, errorMessage } from '@vault-swarm/kernel';
import { Failure } from '../failure.ts';
import type { PluginAddress } from './address.ts';

const TLS_CODES = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|ERR_OSSL|EPROTO)/;

/** The failure that an error of the connection comes to, with what to do about it. */
export function connectionFailure(error: unknown, { url, source }: PluginAddress, timeoutMs: number): Failure {
  const code = codeOf(error);
  const reason = displayText(errorMessage(error));
  const where = url.origin;
  const found = source === null ? 'If it is elsewhere, set VAULT_SWARM_URL' : `Check ${source}`;
  if (code === 'ECONNREFUSED') {
    return new Failure(
      'CONNECTION_REFUSED',
      `no process listens at ${where}`,
      `Start the plugin; if it ends at once, the end of its log says why. Or enable its port (ENABLE_MONITORING, MONITORING_PORT). ${found}.`,
      error,
    );
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Failure('NAME_UNKNOWN', `the host name ${url.hostname} has no address`, `${found}.`, error);
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new Failure(
      'TIMEOUT',
      `${where} did not respond within ${timeoutMs / 1000} s`,
      "Check for a firewall, and whether the plugin's process hangs. To wait longer, use --timeout.",
      error,
    );
  }
  if (url.protocol === 'https:' && TLS_CODES.test(code)) return tlsFailure(code, reason, url, error);
  if (url.protocol === 'http:' && (code.startsWith('HPE_') || code === 'ECONNRESET' || code === 'EPIPE')) {
    return new Failure(
      'CONNECTION_FAILED',
      `${where} closed the connection without an HTTP response (${code})`,
      `If the plugin has MONITORING_TLS_CERT_FILE, its address starts with https://. ${found}.`,
      error,
    );
  }
  return new Failure('CONNECTION_FAILED', `${where} cannot be reached: ${reason}`, `${found}.`, error);
}

function tlsFailure(code: string, reason: string, url: URL, error: unknown): Failure {
  const failure = (advice: string) =>
    new Failure('TLS', `the certificate of ${url.origin} is not trusted: ${reason}`, advice, error);
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return failure("Renew the plugin's certificate, and check the clocks of both machines.");
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return failure('Use a name in the certificate, or give the plugin a certificate with this name.');
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return new Failure(
      'TLS',
      `${url.origin} does not use TLS (${code})`,
      'If the plugin has no MONITORING_TLS_CERT_FILE, its address starts with http://.',
      error,
    );
  }
  return failure('Set VAULT_SWARM_CACERT to the PEM file of the authority that signed it.');
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
