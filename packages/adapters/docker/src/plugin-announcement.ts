import { displayText } from '@vault-swarm/kernel';
import type { PluginAnnouncement, PluginKind } from '@vault-swarm/rotation';
import { LEDGER_KEY_ID } from './ledger-signature.ts';
import { withoutTag } from './plugin-name.ts';

/** A longer text is not ours. */
const MAX_LENGTH = 1_000;
/** An engine looks for a service by any text, and has an error if the start of an id is one of several services. */
const SERVICE_ID = /^[a-z0-9]{25}$/;
const KINDS: readonly string[] = ['managed', 'service', 'process'] satisfies readonly PluginKind[];

/** The label of a node in which the plugin of this name announces itself. Plugins of other names have others. */
export function announcementLabel(pluginName: string): string {
  return `vault-swarm.plugin.${withoutTag(pluginName)}`;
}

/** The announcement as a label has it: JSON, readable in `docker node inspect`. */
export function announcementText(announcement: PluginAnnouncement): string {
  const { version, state, kind, serviceId, startedAtMs, writtenAtMs, ledgerKeys, clockAheadMs } = announcement;
  return JSON.stringify({
    ...{ version, state, kind },
    ...(serviceId === null ? {} : { service: serviceId }),
    ...{ started: new Date(startedAtMs).toISOString(), written: new Date(writtenAtMs).toISOString() },
    ...(ledgerKeys === null ? {} : { ledgerKeys }),
    ...(clockAheadMs === 0 ? {} : { clockAheadMs }),
  });
}

/** Parses a label; `null` if there is none, or it is not an announcement. */
export function parseAnnouncement(text: string | undefined): PluginAnnouncement | null {
  if (text === undefined || text.length > MAX_LENGTH) return null;
  try {
    const { version, state, kind, service, started, written, ledgerKeys, clockAheadMs } = JSON.parse(text) as Record<
      string,
      unknown
    >;
    const [startedAtMs, writtenAtMs] = [Date.parse(String(started)), Date.parse(String(written))];
    if (typeof version !== 'string' || (state !== 'running' && state !== 'stopped')) return null;
    if (Number.isNaN(startedAtMs) || Number.isNaN(writtenAtMs)) return null;
    const isTask = kind === 'service';
    if (isTask && (typeof service !== 'string' || !SERVICE_ID.test(service))) return null;
    return {
      version: displayText(version),
      state,
      kind: KINDS.includes(String(kind)) ? (kind as PluginKind) : 'process',
      serviceId: isTask ? String(service) : null,
      startedAtMs,
      writtenAtMs,
      ledgerKeys: isKeyIds(ledgerKeys) ? ledgerKeys : null,
      clockAheadMs: Number.isInteger(clockAheadMs) ? Number(clockAheadMs) : 0,
    };
  } catch {
    return null;
  }
}

function isKeyIds(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.length <= 2 && value.every((id) => typeof id === 'string' && LEDGER_KEY_ID.test(id))
  );
}
