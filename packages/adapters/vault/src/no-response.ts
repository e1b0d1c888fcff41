import { ProviderError } from '@vault-swarm/provider';

/** Failures before anything was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** Failures of a connection that ended, perhaps just as it was used again. */
const ENDED = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** The server, or what is before it, gave no answer. */
export class NoResponse extends ProviderError {
  /** Whether it may have received the call all the same. */
  readonly wasSent: boolean;
  /** Whether that may pass within moments: a connection ended, or there was none to be had. */
  readonly maySoonPass: boolean;

  /** @param code of the system or of undici; empty where there is none. */
  constructor(message: string, code: string) {
    super('UNAVAILABLE', message);
    this.wasSent = !NOT_SENT.has(code);
    this.maySoonPass = NOT_SENT.has(code) || ENDED.has(code);
  }
}
