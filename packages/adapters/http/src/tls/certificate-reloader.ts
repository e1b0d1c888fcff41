import { type Clock, displayText, errorMessage } from '@vault-swarm/kernel';
import { type Events, type Problem, problem } from '@vault-swarm/provider';
import { type Certificate, CertificateProblem } from './certificate.ts';

const RELOAD_INTERVAL_MS = 10_000;
/** So long before its end a certificate is something to see to. */
const ENDS_SOON_MS = 7 * 24 * 60 * 60 * 1_000;

/** The certificate of the configuration: as it was found, and as it is now. */
export interface CertificateSource {
  readonly first: Certificate;
  /** @throws {CertificateProblem} */
  read(): Certificate;
}

/**
 * The certificate that is served. Its files are checked every 10 s, and a new one is taken up; one that can't be used
 * is told, and the one before stays. It is told only when it is found so twice, since the two files are replaced one
 * after the other.
 */
export class CertificateReloader {
  readonly #source: CertificateSource;
  readonly #clock: Clock;
  readonly #events: Events;
  #current: Certificate;
  #cancel: (() => void) | null = null;
  /** What was found wrong at the latest poll, and whether it was told. */
  #wrong: { readonly message: string; readonly isReported: boolean } | null = null;

  constructor(source: CertificateSource, clock: Clock, events: Events) {
    this.#source = source;
    this.#clock = clock;
    this.#events = events;
    this.#current = source.first;
  }

  get current(): Certificate {
    return this.#current;
  }

  /** What is wrong with it now. */
  problems(): readonly Problem[] {
    const problems: Problem[] = [];
    if (this.#wrong?.isReported === true) {
      problems.push(problem('CERTIFICATE_UNUSABLE', `${this.#wrong.message}; the one before is served`));
    }
    const leftMs = this.#current.endsAtMs - this.#clock.now();
    if (leftMs < ENDS_SOON_MS) {
      const verb = leftMs > 0 ? 'ends' : 'ended';
      problems.push(
        problem(
          leftMs > 0 ? 'CERTIFICATE_EXPIRING' : 'CERTIFICATE_EXPIRED',
          `it ${verb} at ${new Date(this.#current.endsAtMs).toISOString()}; replace its files`,
        ),
      );
    }
    return problems;
  }

  /** Checks the files from now on, and gives `onChanged` each new certificate. */
  watch(onChanged: (certificate: Certificate) => void): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(RELOAD_INTERVAL_MS, () => {
      this.#look(onChanged);
      this.watch(onChanged);
    });
  }

  /** Looks no more. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #look(onChanged: (certificate: Certificate) => void): void {
    try {
      const found = this.#source.read();
      this.#wrong = null;
      if (found.cert === this.#current.cert && found.key === this.#current.key) return;
      onChanged(found);
      this.#current = found;
      this.#events.emit({ type: 'monitoring.certificate', endsAtMs: found.endsAtMs });
    } catch (error) {
      this.#foundWrong(error instanceof CertificateProblem ? `${error.variable}: ${error.message}` : describe(error));
    }
  }

  #foundWrong(message: string): void {
    if (this.#wrong?.message !== message) {
      this.#wrong = { message, isReported: false };
    } else if (!this.#wrong.isReported) {
      this.#wrong = { message, isReported: true };
      this.#events.emit({
        type: 'monitoring.failed',
        message: `the new certificate can not be used, and the one before is served: ${message}`,
      });
    }
  }
}

function describe(error: unknown): string {
  return displayText(errorMessage(error));
}
