// What happens, for people to read: each line with the seconds since the start.
import type { TimedEvent } from '@vault-swarm/provider';

export class Timeline {
  readonly #startedAtMs = performance.now();

  readonly write = (text: string): void => {
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(3).padStart(7);
    process.stdout.write(`${seconds} s  ${text}\n`);
  };

  /** Events name secrets, services and revisions, and never have a value in them. */
  readonly tell = (event: TimedEvent): void => {
    switch (event.type) {
      case 'revision.changed':
        this.write(`rotation: ${event.secrets.join(', ')} has revision ${event.revision} now`);
        break;
      case 'rollout.started':
        this.write(`rotation: ${event.service} is started again for ${event.secrets.join(', ')}`);
        break;
      case 'rollout.completed':
        this.write(`rotation: ${event.service} is done, ${Math.round(event.durationMs)} ms after the change was seen`);
        break;
      case 'quarantine.started':
        this.write(`rotation: ${event.service} fails with it and is given the last good one: ${event.message}`);
        break;
      case 'rollback.completed':
        this.write(`rotation: ${event.service} has the last good ${event.secrets.join(', ')} again`);
        break;
      case 'rollout.failed':
      case 'reconcile.failed':
      case 'provider.failed':
        this.write(`rotation: ${event.type}: ${event.message}`);
        break;
      default:
    }
  };
}
