import type { Changed, Event, Overview } from '@vault-swarm/http/api';
import { createParser } from 'eventsource-parser';

/** The messages of the stream, in order. */
export type StreamMessage =
  | { readonly kind: 'overview'; readonly overview: Overview }
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'changed'; readonly tags: Changed };

/** The options of {@link readStream}. */
export interface StreamReading {
  readonly onMessage: (message: StreamMessage) => void;
  /** Called for all received data, including comments. */
  readonly onBytes: () => void;
}

/**
 * Reads a stream of server-sent events to its end. Unknown kinds of events are ignored, because the plugin may be
 * newer than the page.
 *
 * @throws the error of the stream.
 */
export async function readStream(
  body: ReadableStream<Uint8Array>,
  { onMessage, onBytes }: StreamReading,
): Promise<void> {
  const parser = createParser({
    onEvent: ({ event, data }) => {
      const message = messageOf(event, data);
      if (message !== null) onMessage(message);
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onBytes();
    parser.feed(decoder.decode(value, { stream: true }));
  }
}

function messageOf(name: string | undefined, data: string): StreamMessage | null {
  switch (name) {
    case 'overview':
      return { kind: 'overview', overview: JSON.parse(data) as Overview };
    case 'event':
      return { kind: 'event', event: JSON.parse(data) as Event };
    case 'changed':
      return { kind: 'changed', tags: JSON.parse(data) as Changed };
    default:
      return null;
  }
}
