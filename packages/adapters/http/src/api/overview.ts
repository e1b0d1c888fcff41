import { problemSeverities } from '@vault-swarm/provider';
import { managerStates } from '@vault-swarm/rotation';
import * as z from 'zod';
import { lockdownSchema } from './lockdown.ts';
import { bytes, count, milliseconds, observation, time } from './parts.ts';
import { problemEntrySchema } from './reasons.ts';

const runtime = z.object({
  goroutines: count.meta({ description: 'operations in flight: active resources of the event loop' }),
  alloc_bytes: bytes,
  sys_bytes: bytes,
  heap_bytes: bytes,
  gc_cycles: count,
  gc_pause_total_ms: milliseconds,
  gc_last_at: time.nullable(),
  event_loop_lag_ms: milliseconds,
});

const rotations = z.object({
  total: count,
  errors: count,
  error_rate: z.number().min(0).max(100).meta({ description: 'errors per hundred rotations' }),
  in_progress: count.meta({ description: 'services with a rollout in progress' }),
  last_at: time.nullable(),
});

const deliveries = z.object({
  cache: count.meta({ description: 'values from the cache' }),
  provider: count.meta({ description: 'values that were read for the request' }),
  stale: count.meta({ description: 'values from the cache because the provider was unavailable' }),
  refused: count,
  hit_rate: z
    .number()
    .min(0)
    .max(100)
    .nullable()
    .meta({ description: 'per cent from the cache; null before the first request' }),
  p50_ms: milliseconds.nullable().meta({ description: 'of the last minutes; null if there was none' }),
  p99_ms: milliseconds.nullable().meta({ description: 'of the last minutes; null if there was none' }),
  cached_values: count,
  cached_bytes: bytes,
});

const provider = z
  .object({
    name: z.string(),
    kind: z.string().meta({ description: 'vault, aws, azure, gcp or another kind; which labels belong to it' }),
    state: z.enum(['ok', 'failing', 'circuit-open', 'unused']).meta({
      description: 'circuit-open: it is not called for a while, because it did not answer; unused: it was never called',
    }),
    since: time.nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    requests: count,
    errors: count,
    latency_p50_ms: milliseconds.nullable(),
    latency_p99_ms: milliseconds.nullable(),
    last_answer_at: time.nullable(),
  })
  .meta({ id: 'Provider' });

const manager = z
  .object({
    id: z.string().meta({ description: 'its node id' }),
    name: z.string().meta({ description: 'its host name' }),
    role: z.enum(['leader', 'standby']),
    is_self: z.boolean().meta({ description: 'whether its plugin answers this request' }),
    state: z.enum(managerStates).meta({
      description:
        'running: Swarm confirms it; announced: its plugin says so, and Swarm does not know; stopped; unresponsive: it no ' +
        'longer renews its announcement; missing: no plugin announced itself; unreachable: its engine does not answer',
    }),
    message: z.string().meta({ description: 'the state in words, after the name' }),
    plugin_version: z.string().nullable(),
    kind: z
      .enum(['managed', 'service', 'process'])
      .nullable()
      .meta({ description: 'how the plugin is run: by the engine, by a service, or otherwise' }),
    started_at: time.nullable(),
    announced_at: time.nullable().meta({ description: 'when its plugin last wrote its announcement' }),
  })
  .meta({ id: 'Manager', description: 'a manager of the Swarm, and the plugin on it' });

const counts = z.object({
  secrets: count,
  secrets_with_problems: count,
  services: count,
  services_with_problems: count,
  tasks: count.meta({ description: 'running tasks of these services' }),
  outdated_tasks: count,
});

const warning = z.object({
  code: z.string().meta({ description: 'see docs/reference/environment.md' }),
  variable: z.string(),
  message: z.string(),
});

/** The access of a client: full, or read only. */
const accessSchema = z.enum(['full', 'view']).meta({
  description: 'the access of this client: everything, or read only',
});

/** The response of `GET /api/v1/overview`, and of the stream's event of this name. */
export const overviewSchema = z
  .object({
    plugin: z.object({ name: z.string(), version: z.string(), started_at: time, uptime_seconds: count }),
    access: accessSchema,
    summary: z
      .object({
        code: z.enum(['stopped', 'problems', 'locked-down', 'empty', 'rolling', 'well']),
        severity: z.enum([...problemSeverities, 'ok']),
        title: z.string(),
        explanation: z.string(),
      })
      .meta({
        id: 'Summary',
        description: 'the state of everything in a headline; command line and dashboard show it',
      }),
    healthy: z.boolean(),
    ticker_healthy: z.boolean(),
    heartbeat_at: time.nullable(),
    interval_seconds: z.number().positive(),
    problems: z
      .array(problemEntrySchema)
      .meta({ description: 'worst first, one for each cause; empty when all is well' }),
    warnings: z.array(warning).meta({ description: 'dangerous or ignored settings; empty if there are none' }),
    lockdown: lockdownSchema,
    ...observation,
    runtime,
    rotations,
    deliveries,
    providers: z.array(provider),
    managers: z
      .array(manager)
      .meta({ description: 'by name, at most 100; empty while they are not known, and on a worker' }),
    counts,
  })
  .meta({ id: 'Overview' });

/** The access of a client. */
export type CallerAccess = z.output<typeof accessSchema>;
/** The response of `GET /api/v1/overview`. */
export type Overview = z.output<typeof overviewSchema>;
