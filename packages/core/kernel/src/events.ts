/** An event: a fixed name, and fields of its own. */
export interface NamedEvent {
  readonly type: string;
}

/** An event with the time at which it was emitted, in milliseconds since 1970. */
export type Timed<E extends NamedEvent> = E & { readonly atMs: number };

/** Where a part reports its events. Never throws, never blocks. */
export interface Emitter<E extends NamedEvent> {
  emit(event: E): void;
}

/** A listener threw: what it shows, counts or does may be incomplete. Emitted once for each listener. */
export interface ListenerFailed extends NamedEvent {
  readonly type: 'listener.failed';
  readonly listener: string;
  readonly message: string;
}
