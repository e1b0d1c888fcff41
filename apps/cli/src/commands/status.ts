import type { Overview } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { PluginClient, Received } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Paper, Tone } from '../terminal/printer.ts';
import { ago, count, grouped, names, size, span } from '../terminal/words.ts';
import { roleInWords, showManagers } from './managers.ts';

/** Whether all is well, what is wrong if not, and the figures. */
export async function status(client: PluginClient, signal?: AbortSignal): Promise<Report> {
  const received = await client.overview(signal);
  const { healthy, problems } = received.document;
  return {
    exitCode: healthy && problems.length === 0 ? EXIT.well : EXIT.wrong,
    document: received.raw,
    show: (paper) => show(paper, received),
  };
}

function show(paper: Paper, { document: overview, atMs }: Received<Overview>): void {
  const nowMs = atMs ?? Date.now();
  showSummary(paper, overview, nowMs);
  showWarnings(paper, overview);
  paper.gap();
  const { plugin, rotations, deliveries, counts } = overview;
  const line = (label: string, text: string) => paper.item(label.padEnd(12), text);
  line(
    'Plugin',
    `${plugin.name} ${plugin.version}, ${roleInWords(overview)}, up ${span(plugin.uptime_seconds * 1000)}`,
  );
  line(
    'In use',
    [
      `${count(counts.secrets, 'secret')}${wrong(counts.secrets_with_problems)}`,
      `${count(counts.services, 'service')}${wrong(counts.services_with_problems)}`,
      `${count(counts.tasks, 'task')} (${grouped(counts.outdated_tasks)} outdated)`,
    ].join(', '),
  );
  line(
    'Rotations',
    overview.rotation_enabled
      ? `${grouped(rotations.total)}, ${count(rotations.errors, 'error')}, ${grouped(rotations.in_progress)} in progress, latest ${ago(rotations.last_at, nowMs, 'none yet')}`
      : 'turned off (ENABLE_ROTATION=false)',
  );
  line(
    'Deliveries',
    `${grouped(deliveries.cache)} from the cache, ${grouped(deliveries.provider)} from providers, ` +
      `${grouped(deliveries.stale)} stale, ${grouped(deliveries.refused)} refused` +
      (deliveries.p99_ms === null ? '' : `; 99th percentile ${deliveries.p99_ms.toFixed(1)} ms`),
  );
  line('Cache', `${count(deliveries.cached_values, 'value')}, ${size(deliveries.cached_bytes)}`);
  line(
    'Reconcile',
    `every ${span(overview.interval_seconds * 1000)}, latest ${ago(overview.heartbeat_at, nowMs, 'none yet')}, ` +
      `Docker responded ${ago(overview.observed_at, nowMs, 'not yet')}`,
  );
  paper.gap();
  paper.table(
    ['PROVIDER', 'STATE', 'REQUESTS', 'ERRORS', 'P50', 'P99', 'LAST RESPONSE'],
    overview.providers.map((provider) => [
      provider.name,
      provider.state,
      grouped(provider.requests),
      grouped(provider.errors),
      latency(provider.latency_p50_ms),
      latency(provider.latency_p99_ms),
      ago(provider.last_answer_at, nowMs, 'none yet'),
    ]),
  );
  showManagers(paper, overview, nowMs);
}

function showSummary(paper: Paper, { summary, problems, heartbeat_at, healthy }: Overview, nowMs: number): void {
  paper.say(`${summary.title}.`, TONES[summary.severity]);
  const latest =
    healthy || heartbeat_at === null
      ? ''
      : ` The latest reconcile pass completed ${ago(heartbeat_at, nowMs, 'never')}.`;
  paper.say(`${summary.explanation}${latest}`);
  for (const [index, problem] of problems.entries()) {
    showProblem(paper, `${String(index + 1).padStart(3)}. `, problem, nowMs);
  }
  if (problems.length > 0) paper.say('All steps for a problem: vault-swarm explain CODE');
}

/** A problem below `mark`: what it is, since when, what it affects, and what to do. */
export function showProblem(paper: Paper, mark: string, problem: Overview['problems'][number], nowMs: number): void {
  const indent = ' '.repeat(mark.length);
  const age = span(nowMs - Date.parse(problem.since));
  paper.item(mark, `${problem.message} (${problem.code}, since ${age})`, TONES[problem.severity]);
  if (problem.affected.services > 0) paper.item(indent, `Affected: ${affected(problem)}`);
  paper.item(indent, `Do: ${problem.action}`);
}

const TONES: Readonly<Record<Overview['summary']['severity'], Tone>> = {
  critical: 'bad',
  warning: 'warn',
  info: 'plain',
  ok: 'good',
};

function affected({ services, affected: { services: total } }: Overview['problems'][number]): string {
  const more = total > services.length ? ` and ${grouped(total - services.length)} more` : '';
  return `${total === 1 ? 'service' : 'services'} ${names(services)}${more}`;
}

function showWarnings(paper: Paper, { warnings }: Overview): void {
  if (warnings.length === 0) return;
  paper.gap();
  paper.say(`${count(warnings.length, 'warning')} about settings:`, 'warn');
  for (const [index, { code, variable, message }] of warnings.entries()) {
    paper.item(`${String(index + 1).padStart(3)}. `, `${variable} ${message} (${code})`);
  }
}

function wrong(number: number): string {
  return number === 0 ? '' : ` (${grouped(number)} with problems)`;
}

function latency(ms: number | null): string {
  return ms === null ? '-' : `${ms.toFixed(1)} ms`;
}
