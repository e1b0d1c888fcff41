import type { Events } from '@vault-swarm/provider';

/** Events whose `emit` never throws. An event that the given `emit` rejects is lost: nobody else could hear of it. */
export function safeEvents(events: Events): Events {
  return {
    emit(event) {
      try {
        events.emit(event);
      } catch {
        // The rotation goes on, as it does if a subscriber of an EventBus throws.
      }
    },
  };
}
