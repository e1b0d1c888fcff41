import type { Event } from '@vault-swarm/http/api';
import type { PluginClient } from '../plugin/client.ts';

/** The most events that are searched, and shown. */
const SEARCHED = 500;
const SHOWN = 10;

/** The latest events that concern something, the newest last. */
export async function latestEvents(
  client: PluginClient,
  concerns: (event: Event) => boolean,
): Promise<readonly Event[]> {
  const { document } = await client.events({ level: 'info', limit: SEARCHED });
  return document.events.filter(concerns).slice(0, SHOWN).toReversed();
}
