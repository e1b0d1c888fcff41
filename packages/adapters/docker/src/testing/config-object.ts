import type { DockerCall, DockerConnection } from '../connection.ts';
import { DockerError } from '../docker-error.ts';

type Labels = Readonly<Record<string, string>>;

interface StoredObject {
  readonly id: string;
  readonly index: number;
  readonly labels: Labels;
  readonly updatedAtMs: number;
}

/** The one config object of a Swarm, as its API has it. Its versions are the Swarm's: each write of anything raises them. */
export class ConfigObject {
  readonly #nowMs: () => number;
  /** As it is answered. */
  object: StoredObject | null = null;
  #index = 10;

  /** @param nowMs the clock of the Swarm's leader. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The object as clients that can read configs see it. */
  get labels(): Labels {
    return this.object?.labels ?? {};
  }

  /** Puts labels there, as anybody may who can write configs. `null` removes the object. */
  put(labels: Labels | null): void {
    this.#index += 1;
    const id = this.object?.id ?? `config${this.#index}`;
    this.object = labels === null ? null : { id, index: this.#index, labels, updatedAtMs: this.#nowMs() };
  }

  connection(): DockerConnection {
    return {
      call: async (call, read) => {
        const answer = this.#answer(call);
        return read(
          (async function* () {
            yield Buffer.from(answer);
          })(),
        );
      },
      open: () => Promise.reject(new Error('not here')),
      close: () => undefined,
    };
  }

  #answer({ method, path, query, body }: DockerCall): string {
    const { Labels: labels = {} } = (body ?? {}) as { readonly Labels?: Labels };
    if (method === 'GET') {
      if (this.object === null) throw new DockerError('no such config', 404);
      const { id, index, updatedAtMs } = this.object;
      return JSON.stringify({
        ...{ ID: id, Version: { Index: index }, UpdatedAt: new Date(updatedAtMs).toISOString() },
        Spec: { Labels: this.object.labels, Data: 'AAAA' },
      });
    }
    if (path.endsWith('/create')) {
      if (this.object !== null) throw new DockerError('it is there', 409);
    } else if (this.object === null) throw new DockerError('no such config', 404);
    else if (String(query?.version) !== String(this.object.index)) throw new DockerError('update out of sequence', 500);
    this.put(labels);
    return '{}';
  }
}
