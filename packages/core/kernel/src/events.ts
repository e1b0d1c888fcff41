/** An event: a fixed type, and its own fields. */
export interface NamedEvent {
  readonly type: string;
}

/** An event with the time at which it was emitted, in milliseconds since 1970. */
export type Timed<E extends NamedEvent> = E & { readonly atMs: number };

/** Receives events. Never throws, never blocks. */
export interface Emitter<E extends NamedEvent> {
  emit(event: E): void;
}

/** A listener threw, so what it shows, counts or does may be incomplete. Emitted once for each listener. */
export interface ListenerFailed extends NamedEvent {
  readonly type: 'listener.failed';
  readonly listener: string;
  readonly message: string;
}

/** The callback of a timer threw, so what it does in the background may be incomplete. */
export interface TimerFailed extends NamedEvent {
  readonly type: 'timer.failed';
  readonly message: string;
}
