import { setTimeout as delay } from 'node:timers/promises';
import { type Event, eventSchema, type Level, levelSchema } from '@vault-swarm/http/api';
import { createParser } from 'eventsource-parser';
import type { PluginClient } from './plugin/client.ts';

/** A plugin that ends the stream (it restarts, or we were too slow) is asked again after this time. */
const PAUSE_MS = 1_000;
/** The longest event that is read, in characters. */
const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * Gives each event that matters at least as much as `level`, as it happens, from after the one with this id. A stream
 * that breaks off is taken up where it was. Ends when `signal` is aborted; rejects with a failure where the plugin
 * can't be reached (again).
 */
export async function follow(
  client: PluginClient,
  { level, after, signal }: { readonly level: Level; readonly after: number | null; readonly signal: AbortSignal },
  give: (event: Event) => void,
): Promise<void> {
  const least = levelSchema.options.indexOf(level);
  let latest = after;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw client.vaultErrorOf(error);
    },
    onEvent: ({ event: kind, data }) => {
      if (kind !== 'event') return;
      const event = eventSchema.parse(JSON.parse(data));
      latest = event.id;
      if (levelSchema.options.indexOf(event.level) <= least) give(event);
    },
  });
  while (!signal.aborted) {
    try {
      const stream = await client.stream(latest === null ? null : String(latest), signal);
      parser.reset();
      await feed(stream, (text) => parser.feed(text));
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

/** Resolves when the stream ended, in whatever way. */
async function feed(stream: AsyncIterable<string>, take: (text: string) => void): Promise<void> {
  const pieces = stream[Symbol.asyncIterator]();
  for (;;) {
    const piece = await pieces.next().catch(() => ({ done: true as const, value: undefined }));
    if (piece.done === true) return;
    take(piece.value);
  }
}
