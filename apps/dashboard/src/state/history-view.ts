import type { Event } from '@vault-swarm/http/api';
import type { Detail } from './location.ts';

/** The most events of a history that are shown. */
const MAX_SHOWN = 200;

/** The events of one service or one secret, newest first, each once. */
export function historyOf(events: readonly Event[], { kind, name }: Detail): readonly Event[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  return [...byId.values()]
    .filter((event) => (kind === 'service' ? event.service === name : concernsSecret(event, name)))
    .sort((a, b) => b.id - a.id)
    .slice(0, MAX_SHOWN);
}

function concernsSecret({ secret, secrets }: Event, name: string): boolean {
  return secret === name || (Array.isArray(secrets) && secrets.includes(name));
}
