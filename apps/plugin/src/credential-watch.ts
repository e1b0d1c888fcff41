import { type Events, type NamedCredential, type Problem, problem } from '@vault-swarm/provider';

const ADVICE = 'the plugin uses the previous value until it restarts: write the file again';

/**
 * Checks the files of the plugin's credentials. A valid login does not read them, and a failed one says only that it
 * was rejected. So problems of a changed file are reported here, before they have an effect.
 */
export class CredentialWatch {
  readonly #credentials: readonly NamedCredential[];
  readonly #events: Events;
  #messages: readonly string[] = [];

  constructor(credentials: readonly NamedCredential[], events: Events) {
    this.#credentials = credentials;
    this.#events = events;
  }

  /** The problems at the latest check. */
  problems(): readonly Problem[] {
    return this.#messages.map((message) => problem('CREDENTIAL_FILE_UNUSABLE', message));
  }

  /** Reads each file now; new problems are emitted as events. */
  check(): void {
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
