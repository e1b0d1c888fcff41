import type { ServerResponse } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';
import type { EventCatalog, NumberedEvent, RecentEvents } from '@vault-swarm/metrics';
import type { Changed, Overview } from './api/index.ts';
import type { CallerAccess } from './api/overview.ts';
import { atLeast } from './event-severity.ts';
import { fitting } from './page-size.ts';
import { eventDocument } from './serializers.ts';
import type { Lists } from './status-lists.ts';

const TICK_MS = 1_000;
/**
 * How often something is sent even if nothing changed: a client that receives nothing for longer knows that the
 * connection is dead.
 */
const HEARTBEAT_MS = 10_000;
/** How much unread data a client may have, besides the kernel's buffer: more than a burst of events. */
const MAX_UNREAD_BYTES = 1_048_576;
/** How long a client may take to read what was sent. */
const MAX_UNREAD_MS = 15_000;
/** The most streams at the same time. */
const MAX_STREAMS = 64;

/** The data that streams send. */
export interface StreamSources {
  readonly clock: Clock;
  readonly recentEvents: Pick<RecentEvents, 'list' | 'subscribe'>;
  readonly eventCatalog: EventCatalog;
  lists(): Lists;
  overview(access: CallerAccess): Overview;
}

/** The data that all streams get at one moment. */
interface News {
  readonly changed: string;
  /** The overview for this access, and the part of it whose change is sent at once. */
  overview(access: CallerAccess): { readonly text: string; readonly lasting: string };
}

interface Reader {
  readonly response: ServerResponse;
  /** Its current access; `null` if its session ended. */
  access(): CallerAccess | null;
  /** The overview that was sent last. */
  overview: string;
  changed: string;
  overviewAtMs: number;
  /** Since when it has unread data. */
  unreadSinceMs: number | null;
}

/**
 * Sends server-sent events: the overview, events, and which lists changed. Nothing is queued for a slow client: it
 * misses overviews, and is disconnected if it has too much unread data or for too long. It may connect again and get
 * the events that it missed.
 */
export class Streams {
  readonly #sources: StreamSources;
  readonly #isReported: (type: string) => boolean;
  readonly #readers = new Set<Reader>();
  #unsubscribe: (() => void) | null = null;
  #cancelTick: (() => void) | null = null;

  constructor(sources: StreamSources) {
    this.#sources = sources;
    this.#isReported = atLeast('info', sources.eventCatalog);
  }

  /** Whether no further client is accepted. */
  get isFull(): boolean {
    return this.#readers.size >= MAX_STREAMS;
  }

  /** Sends all changes to `response`, starting with the events after `after`, until it is closed or loses access. */
  add(response: ServerResponse, access: () => CallerAccess | null, after: number | null): void {
    const reader: Reader = {
      response,
      access,
      overview: '',
      changed: '',
      overviewAtMs: 0,
      unreadSinceMs: null,
    };
    response.once('close', () => this.#remove(reader));
    this.#readers.add(reader);
    this.#unsubscribe ??= this.#sources.recentEvents.subscribe((event) => this.#happened(event));
    if (after !== null) {
      const missed = fitting(
        this.#sources.recentEvents.list(this.#isReported, { after }).map((event) => this.#textOf(event)),
      );
      for (const text of missed.toReversed()) write(reader, text);
    }
    this.#tell(reader, this.#news());
    this.#cancelTick ??= this.#sources.clock.after(TICK_MS, this.#tick);
  }

  /** Ends all streams. */
  close(): void {
    for (const { response } of this.#readers) response.end();
  }

  readonly #tick = (): void => {
    // Before all that may throw, so that the streams go on after a fault.
    this.#cancelTick = this.#readers.size > 0 ? this.#sources.clock.after(TICK_MS, this.#tick) : null;
    const news = this.#news();
    for (const reader of this.#readers) this.#tell(reader, news);
  };

  /** Each overview and its text are made once for all clients with the same access. */
  #news(): News {
    const { lists, overview } = this.#sources;
    const made = new Map<CallerAccess, { readonly text: string; readonly lasting: string }>();
    const { secrets, services, leases } = lists();
    const changed: Changed = { secrets: secrets.etag, services: services.etag, leases: leases.etag };
    return {
      changed: JSON.stringify(changed),
      overview(access: CallerAccess) {
        const known = made.get(access);
        if (known !== undefined) return known;
        const document = overview(access);
        const fresh = { text: JSON.stringify(document), lasting: lastingPart(document) };
        made.set(access, fresh);
        return fresh;
      },
    };
  }

  #tell(reader: Reader, news: News): void {
    const access = reader.access();
    if (access === null) {
      reader.response.end();
      return;
    }
    const nowMs = this.#sources.clock.monotonic();
    if (isTooSlow(reader, nowMs)) {
      reader.response.destroy();
      return;
    }
    if (reader.response.writableNeedDrain) return;
    const { text, lasting } = news.overview(access);
    if (reader.overview !== lasting || nowMs - reader.overviewAtMs >= HEARTBEAT_MS) {
      reader.overview = lasting;
      reader.overviewAtMs = nowMs;
      write(reader, `event: overview\ndata: ${text}\n\n`);
    }
    if (reader.changed !== news.changed) {
      reader.changed = news.changed;
      write(reader, `event: changed\ndata: ${news.changed}\n\n`);
    }
  }

  #happened(event: NumberedEvent): void {
    if (!this.#isReported(event.type)) return;
    const text = this.#textOf(event);
    for (const reader of this.#readers) {
      write(reader, text);
      if (reader.response.writableLength > MAX_UNREAD_BYTES) reader.response.destroy();
    }
  }

  #textOf(event: NumberedEvent): string {
    const document = eventDocument(event, this.#sources.eventCatalog);
    return `event: event\nid: ${event.id}\ndata: ${JSON.stringify(document)}\n\n`;
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#cancelTick?.();
    this.#cancelTick = null;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }
}

function write({ response }: Reader, text: string): void {
  if (!response.writableEnded && !response.destroyed) response.write(text);
}

function isTooSlow(reader: Reader, nowMs: number): boolean {
  if (!reader.response.writableNeedDrain) {
    reader.unreadSinceMs = null;
    return false;
  }
  reader.unreadSinceMs ??= nowMs;
  return reader.response.writableLength > MAX_UNREAD_BYTES || nowMs - reader.unreadSinceMs > MAX_UNREAD_MS;
}

/** The part of an overview whose change is sent at once. Times and resource usage are sent with the rest. */
function lastingPart({ plugin, runtime, ...lasting }: Overview): string {
  return JSON.stringify(lasting);
}
