import type { Overview } from '@vault-swarm/http/api';
import type { Paper } from '../terminal/printer.ts';
import { ago } from '../terminal/words.ts';

/** Shows the managers of the Swarm and the plugin of each; nothing if there is only one, or they are not known. */
export function showManagers(paper: Paper, { managers }: Overview, nowMs: number): void {
  if (managers.length < 2) return;
  paper.gap();
  paper.table(
    ['MANAGER', 'ROLE', 'PLUGIN', 'VERSION', 'RUN BY', 'STARTED'],
    managers.map(({ name, role, is_self: isSelf, state, plugin_version: version, kind, started_at: at }) => [
      isSelf ? `${name} (this one)` : name,
      role,
      state,
      version ?? '-',
      kind ?? '-',
      ago(at, nowMs, '-'),
    ]),
  );
}

/** `leader`, `standby (the leader is m2)` or `worker`: the role of the plugin that answered. */
export function roleInWords({ role, managers }: Pick<Overview, 'role' | 'managers'>): string {
  if (role === null) return 'role unknown yet';
  const leader = role === 'standby' ? managers.find((manager) => manager.role === 'leader') : undefined;
  return leader === undefined ? role : `${role} (the leader is ${leader.name})`;
}
