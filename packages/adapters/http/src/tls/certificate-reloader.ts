import { type Clock, displayText, type Emitter, errorMessage } from '@vault-swarm/kernel';
import { type Problem, problem } from '@vault-swarm/provider';
import type { MonitoringEvent } from '../monitoring-events.ts';
import { type Certificate, CertificateProblem } from './certificate.ts';

const RELOAD_INTERVAL_MS = 10_000;
/** How long before its end a certificate is reported as a problem. */
const ENDS_SOON_MS = 7 * 24 * 60 * 60 * 1_000;

/** The configured certificate: as first read, and as it is now. */
export interface CertificateSource {
  readonly first: Certificate;
  /** @throws {CertificateProblem} */
  read(): Certificate;
}

/**
 * Reads the certificate's files every 10 s and serves a new one. If it can't be used, the problem is reported and the
 * previous one is served. A problem is reported only if found twice in a row, because the two files are not replaced
 * at the same time.
 */
export class CertificateReloader {
  readonly #source: CertificateSource;
  readonly #clock: Clock;
  readonly #events: Emitter<MonitoringEvent>;
  #current: Certificate;
  #cancel: (() => void) | null = null;
  /** The problem at the latest poll, and whether it was reported. */
  #wrong: { readonly message: string; readonly isReported: boolean } | null = null;

  constructor(source: CertificateSource, clock: Clock, events: Emitter<MonitoringEvent>) {
    this.#source = source;
    this.#clock = clock;
    this.#events = events;
    this.#current = source.first;
  }

  get current(): Certificate {
    return this.#current;
  }

  /** The current problems of the certificate. */
  problems(): readonly Problem[] {
    const problems: Problem[] = [];
    if (this.#wrong?.isReported === true) {
      problems.push(problem('CERTIFICATE_UNUSABLE', `${this.#wrong.message}; the previous one is served`));
    }
    const leftMs = this.#current.endsAtMs - this.#clock.now();
    if (leftMs < ENDS_SOON_MS) {
      const verb = leftMs > 0 ? 'ends' : 'ended';
      problems.push(
        problem(
          leftMs > 0 ? 'CERTIFICATE_EXPIRING' : 'CERTIFICATE_EXPIRED',
          `it ${verb} at ${new Date(this.#current.endsAtMs).toISOString()}`,
        ),
      );
    }
    return problems;
  }

  /** Starts polling the files, and calls `onChanged` with each new certificate. */
  watch(onChanged: (certificate: Certificate) => void): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(RELOAD_INTERVAL_MS, () => {
      this.#poll(onChanged);
      this.watch(onChanged);
    });
  }

  /** Stops polling. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #poll(onChanged: (certificate: Certificate) => void): void {
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
        message: `the new certificate can not be used, and the previous one is served: ${message}`,
      });
    }
  }
}

function describe(error: unknown): string {
  return displayText(errorMessage(error));
}
