import { ProviderError, TooMuchJson } from '@vault-swarm/provider';

/** Failures of a connection that was not opened, or that ended, perhaps just as it was reused. */
const MAY_SOON_PASS = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'ECONNRESET',
  'EPIPE',
]);

/** There was no usable response. */
export class NetworkError extends ProviderError {
  /** Whether another attempt may succeed within moments. */
  readonly maySoonPass: boolean;

  /** @param server for the message: `azure at https://example.vault.azure.net`. */
  constructor(error: unknown, server: string, maxBytes: number) {
    const code = codeOf(error);
    const isTooLarge = code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
    const isNoAnswerOfIt = isTooLarge || error instanceof TooMuchJson;
    const message = isNoAnswerOfIt
      ? `the response of ${server} ${isTooLarge ? `is larger than ${maxBytes} bytes` : (error as TooMuchJson).reason}; check its address`
      : `${server} ${troubleOf(code)}${code === '' ? '' : ` (${code})`}`;
    // The original is not kept as the cause, because an HTTP parser's error contains the text of the response.
    super(isNoAnswerOfIt ? 'INVALID_PAYLOAD' : 'UNAVAILABLE', message, { isProven: false });
    this.maySoonPass = MAY_SOON_PASS.has(code);
  }
}

function troubleOf(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'has a certificate for another name; check its address';
  return /CERT|ISSUER|SIGNATURE/.test(code)
    ? "has a certificate that is not trusted; add its authority to the system's certificates"
    : "can't be reached; check its address, the network and the proxy settings";
}

/** The code of the system or of undici; empty if there is none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
  return /^[A-Z0-9_]{1,60}$/.test(code) ? code : '';
}
