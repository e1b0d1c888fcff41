import { ProviderError } from '@vault-swarm/provider';

/** Failures before anything was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** Failures of a connection that ended, perhaps just as it was reused. */
const ENDED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** There was no response from the server or its proxy. */
export class NoResponse extends ProviderError {
  /** Whether the server may still have received the call. */
  readonly wasSent: boolean;
  /** Whether the failure may be transient: a connection ended, or none could be opened. */
  readonly maySoonPass: boolean;

  /** @param code of the system or of undici; empty if there is none. */
  constructor(message: string, code: string) {
    super('UNAVAILABLE', message);
    this.wasSent = !NOT_SENT.has(code);
    this.maySoonPass = NOT_SENT.has(code) || ENDED.has(code);
  }
}
