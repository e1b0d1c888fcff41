import { type Events, type NamedCredential, type Problem, problem } from '@vault-swarm/provider';

const ADVICE = 'the value from before is used as long as this process runs: write the file again';

/**
 * Checks the files of the plugin's credentials. A login that still lives needs none of them, and one that failed says only
 * that it was refused: so what is wrong with a changed file is found here, before it matters.
 */
export class CredentialWatch {
  readonly #credentials: readonly NamedCredential[];
  readonly #events: Events;
  #messages: readonly string[] = [];

  constructor(credentials: readonly NamedCredential[], events: Events) {
    this.#credentials = credentials;
    this.#events = events;
  }

  /** What was wrong at the latest poll. */
  problems(): readonly Problem[] {
    return this.#messages.map((message) => problem('CREDENTIAL_FILE_UNUSABLE', message));
  }

  /** Reads each file now; what was not wrong before is an event. */
  look(): void {
    const messages = this.#credentials.flatMap(({ variable, credential }) => {
      const reason = credential.check();
      return reason === null ? [] : [`${variable} names a file that ${reason}; ${ADVICE}`];
    });
    for (const message of messages) {
      if (!this.#messages.includes(message)) this.#events.emit({ type: 'plugin.warning', message });
    }
    this.#messages = messages;
  }
}
