import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** One server-sent event. */
interface SentEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** A reader of server-sent events. */
export interface OpenStream {
  readonly status: number;
  readonly response: IncomingMessage;
  /** All that came so far, in order. */
  readonly events: readonly SentEvent[];
  /** Whether the server ended it. */
  readonly ended: boolean;
  close(): void;
}

/** Opens a stream, and resolves when its head is there. */
export async function openStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> {
  const sent: ClientRequest = request(url, { headers, agent: false }).end();
  const [response]: [IncomingMessage] = (await once(sent, 'response')) as [IncomingMessage];
  const events: SentEvent[] = [];
  const stream = { ended: false };
  let rest = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    events.push(...blocks.map(parseBlock));
  });
  response.on('error', () => {});
  response.on('close', () => {
    stream.ended = true;
  });
  return {
    status: response.statusCode ?? 0,
    response,
    events,
    get ended() {
      return stream.ended;
    },
    close: () => sent.destroy(),
  };
}

function parseBlock(block: string): SentEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { event: fields.get('event') ?? '', id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') };
}
