import type { SecretAnswer, SecretRequest, SecretSource } from '@vault-swarm/delivery';
import type { Clock } from '@vault-swarm/provider';

/** Knows which requests wait for their answer, so that what can wait is not loaded before they have it. */
export class AnswersUnderWay implements SecretSource {
  readonly #source: SecretSource;
  readonly #clock: Clock;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(source: SecretSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  get(request: SecretRequest): Promise<SecretAnswer> {
    const answer = this.#source.get(request);
    this.#underWay.add(answer);
    void answer.finally(() => this.#underWay.delete(answer));
    return answer;
  }

  /** Resolves when those that wait now are answered, at the latest after `longestMs`; who comes later is not waited for. */
  async settled(longestMs: number): Promise<void> {
    const tooLate = Promise.withResolvers<void>();
    const cancel = this.#clock.after(longestMs, tooLate.resolve);
    await Promise.race([Promise.all(this.#underWay), tooLate.promise]);
    cancel();
  }
}
