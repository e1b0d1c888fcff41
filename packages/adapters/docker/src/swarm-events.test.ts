import type { Clock } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';
import { describe, expect, it } from 'vitest';
import type { DockerConnection } from './connection.ts';
import { DockerError } from './docker-error.ts';
import { DockerChanges } from './swarm-events.ts';

/** A clock that stops until the test moves it to the next timer. */
function stoppedClock(): Clock & { pauses: number[]; next(): void } {
  const timers: (() => void)[] = [];
  const pauses: number[] = [];
  return {
    pauses,
    now: () => 0,
    monotonic: () => 0,
    after: (delayMs, callback) => {
      pauses.push(delayMs);
      timers.push(callback);
      return () => undefined;
    },
    next: () => timers.shift()?.(),
  };
}

function follow() {
  const clock = stoppedClock();
  const emitted: ProductEvent[] = [];
  const signals: AbortSignal[] = [];
  const streams: { push(text: string): void; end(): void }[] = [];
  let available = true;
  const connection: DockerConnection = {
    call: () => Promise.reject(new Error('not here')),
    open: async ({ signal }) => {
      signals.push(signal);
      if (!available) throw new DockerError('no engine');
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          streams.push({ push: (text) => controller.enqueue(Buffer.from(text)), end: () => controller.close() });
          signal.addEventListener('abort', () => controller.error(signal.reason));
        },
      });
      return stream;
    },
    close: () => undefined,
  };
  const changes = new DockerChanges(connection, {
    clock,
    random: { next: () => 0 },
    events: { emit: (event) => emitted.push(event) },
  });
  let hints = 0;
  const stop = changes.onChange(() => hints++);
  return {
    changes,
    clock,
    emitted,
    signals,
    streams,
    stop,
    hints: () => hints,
    setAvailable: (is: boolean) => (available = is),
  };
}

describe('following the events', () => {
  it('hints when they are followed, and at each event, however it arrives', async () => {
    const { hints, streams, stop } = follow();
    await expect.poll(hints).toBe(1);
    streams[0]?.push('{"Type":"service","Act');
    streams[0]?.push('ion":"update"}\n{"Type":"secret"}\n');
    await expect.poll(hints).toBe(3);
    stop();
  });

  it('goes on if a listener throws, and tells it once', async () => {
    const { changes, emitted, hints, signals, streams, stop } = follow();
    const stopFailing = changes.onChange(() => {
      throw new Error('a fault');
    });
    await expect.poll(hints).toBe(1);
    streams[0]?.push('{"Type":"service"}\n{"Type":"service"}\n');
    await expect.poll(hints).toBe(3);
    expect(signals).toHaveLength(1);
    expect(emitted).toEqual([{ type: 'listener.failed', listener: 'hint of Docker', message: 'a fault' }]);
    stopFailing();
    stop();
  });

  it('goes on after a break, and hints for what was missed', async () => {
    const { clock, emitted, hints, streams, stop } = follow();
    await expect.poll(hints).toBe(1);
    streams[0]?.end();
    await expect.poll(() => clock.pauses.length).toBe(1);
    clock.next();
    await expect.poll(hints).toBe(2);
    expect(emitted).toEqual([]);
    stop();
  });

  it('waits longer each time while the engine is down, and logs that once', async () => {
    const { clock, emitted, hints, setAvailable, streams, stop } = follow();
    await expect.poll(hints).toBe(1);
    setAvailable(false);
    streams[0]?.end();
    for (let round = 1; round <= 8; round++) {
      await expect.poll(() => clock.pauses.length).toBe(round);
      clock.next();
    }
    await expect.poll(() => clock.pauses.length).toBe(9);
    expect(clock.pauses).toEqual([250, 500, 1000, 2000, 4000, 7500, 7500, 7500, 7500]);
    expect(emitted).toEqual([{ type: 'orchestrator.failed', operation: 'follow events', message: 'no engine' }]);
    setAvailable(true);
    clock.next();
    await expect.poll(hints).toBe(2);
    expect(emitted.at(-1)).toEqual({ type: 'orchestrator.recovered' });
    stop();
  });

  it('ends with the last listener, and starts again with the next', async () => {
    const { changes, clock, hints, signals, streams, stop } = follow();
    await expect.poll(hints).toBe(1);
    const stopSecond = changes.onChange(() => undefined);
    stop();
    expect(signals[0]?.aborted).toBe(false);
    stopSecond();
    expect(signals[0]?.aborted).toBe(true);
    expect(clock.pauses).toEqual([]);
    const stopThird = changes.onChange(() => undefined);
    await expect.poll(() => streams.length).toBe(2);
    stopThird();
    expect(hints()).toBe(1);
  });
});
