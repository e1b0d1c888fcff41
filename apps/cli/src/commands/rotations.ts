import { type Cause, causeSchema, type Event } from '@vault-swarm/http/api';
import * as z from 'zod';
import { EXIT } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';

/** The fields of the events that end a rollout or a rollback. */
const fieldsSchema = z.object({
  service: z.string().catch('?'),
  reason: z.string().optional().catch(undefined),
  cause: z.array(causeSchema).catch([]),
  duration_ms: z.number().nullable().catch(null).default(null),
});

/** The latest rotations of this plugin process, the newest first: what changed, how it was noticed, and how it ended. */
export async function rotations(client: PluginClient, limit: number): Promise<Report> {
  const { document, raw } = await client.events({ level: 'info', limit, rotations: 'true' });
  return {
    exitCode: EXIT.well,
    document: raw,
    show: (paper) => {
      if (document.events.length === 0) {
        paper.say('This plugin has not ended a rotation since its start. The plugin of the leader has the others.');
        return;
      }
      paper.table(['ENDED', 'SERVICE', 'RESULT', 'TOOK', 'CAUSE'], document.events.map(rowOf));
    },
  };
}

function rowOf(event: Event): string[] {
  const { service, reason, cause, duration_ms: tookMs } = fieldsSchema.parse(event);
  const result = reason ?? (event.event === 'rollback.completed' ? 'rollback' : 'completed');
  const took = tookMs === null ? '-' : `${Math.round(tookMs / 1_000)} s`;
  return [event.time, service, result, took, cause.map(causeText).join('; ') || '-'];
}

function causeText({ secret, from, to, noticed_by: by, hook }: Cause): string {
  const how = by === null ? '' : `, by ${by}${hook === null ? '' : ` ${hook}`}`;
  return `${secret} ${from ?? '?'} → ${to}${how}`;
}
