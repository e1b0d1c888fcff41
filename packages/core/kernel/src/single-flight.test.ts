import { describe, expect, test } from 'vitest';
import { SingleFlight } from './single-flight.ts';

const live = () => new AbortController().signal;
const cutOff = () => new Error('cut off');

describe('a single flight', () => {
  test('does the work once for all concurrent callers, and again for later ones', async () => {
    const flights = new SingleFlight<number>({ finish: false });
    let calls = 0;
    const ask = () => flights.join('key', live(), async () => ++calls, cutOff);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    expect(await ask()).toBe(2);
  });

  test('goes on for the others when one is aborted, and is aborted with the last', async () => {
    const flights = new SingleFlight<number>({ finish: false });
    const one = new AbortController();
    const two = new AbortController();
    let inner: AbortSignal | undefined;
    const work = (signal: AbortSignal) => {
      inner = signal;
      return new Promise<number>(() => {});
    };
    const first = flights.join('key', one.signal, work, cutOff);
    const second = flights.join('key', two.signal, work, cutOff);
    one.abort();
    await expect(first).rejects.toThrow('cut off');
    expect(inner?.aborted).toBe(false);
    two.abort();
    await expect(second).rejects.toThrow('cut off');
    expect(inner?.aborted).toBe(true);
    expect(await flights.join('key', live(), async () => 7, cutOff)).toBe(7);
  });

  test('is ended anyway if that is asked for', async () => {
    const flights = new SingleFlight<string>({ finish: true });
    const one = new AbortController();
    let end: (text: string) => void = () => {};
    const work = () => new Promise<string>((resolve) => (end = resolve));
    const first = flights.join('key', one.signal, work, cutOff);
    one.abort();
    await expect(first).rejects.toThrow('cut off');
    const second = flights.join('key', live(), work, cutOff);
    end('done');
    expect(await second).toBe('done');
  });
});
