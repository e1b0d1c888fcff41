import { errorRate, type Figures } from '@vault-swarm/metrics';
import type { RotationStatus } from '@vault-swarm/rotation';
import { ago, count, formatAge, formatBytes } from './format.ts';
import { type Content, type Html, html } from './html.ts';

/** The health in words: what an operator wants to know before anything else. */
export function healthSummary(
  figures: Figures,
  status: RotationStatus,
  problems: readonly string[],
  nowMs: number,
): Html {
  const { tone, title } = health(figures, problems);
  const list = problems.map((sentence) => html`<li>${sentence}</li>`);
  return html`<section class="health ${tone}">
<h1><span class="dot" aria-hidden="true"></span>${title}</h1>
<p>${role(status)} ${observed(status, nowMs)}</p>
${problems.length > 0 && html`<ul>${list}</ul>`}
</section>`;
}

/** The figures, as tiles. */
export function figureTiles(figures: Figures, status: RotationStatus, nowMs: number): Html {
  const { runtime, rotations, rotationErrors, heartbeatAtMs, uptimeMs } = figures;
  const heartbeat = heartbeatAtMs === null ? 'none yet' : html`${ago(heartbeatAtMs, nowMs, '')} <small>ago</small>`;
  return html`<section class="tiles" aria-label="Figures">
${tile('Rotations', rotations, 'services brought to new revisions')}
${tile('Rotation errors', rotationErrors, `${errorRate(rotations, rotationErrors)} % of rotations`)}
${tile('Heartbeat', status.enabled ? heartbeat : 'off', figures.tickerHealthy ? 'the ticker runs' : 'the ticker has stopped')}
${tile('Uptime', formatAge(uptimeMs), html`since <time datetime="${iso(figures.startedAtMs)}">${minute(figures.startedAtMs)}</time>`)}
${tile('Memory', formatBytes(runtime.allocBytes), `heap ${formatBytes(runtime.heapBytes)}, resident ${formatBytes(runtime.sysBytes)}`)}
${tile('In flight', runtime.operationsInFlight, `operations; ${count(runtime.gcCycles, 'collection')} in ${Math.round(runtime.gcPauseTotalMs)} ms`)}
</section>`;
}

function health(
  { tickerHealthy }: Figures,
  problems: readonly string[],
): { readonly tone: string; readonly title: string } {
  if (!tickerHealthy) return { tone: 'bad', title: 'The rotation has stopped' };
  if (problems.length > 0) return { tone: 'warn', title: `Working, with ${count(problems.length, 'problem')}` };
  return { tone: 'good', title: 'All is well' };
}

function role({ enabled, role }: RotationStatus): string {
  if (!enabled) return 'Secrets are served; rotation is switched off.';
  if (role === 'leader') return 'This node leads the Swarm and rolls its services.';
  if (role === 'standby') return 'This node stands by; another manager leads the Swarm.';
  return role === 'worker' ? 'This node is a worker: nothing is served here.' : 'Docker has not answered yet.';
}

function observed({ observedAtMs }: RotationStatus, nowMs: number): Content {
  return observedAtMs !== null && html`The Swarm was last looked at ${ago(observedAtMs, nowMs, '')} ago.`;
}

function tile(label: string, value: Content, note: Content): Html {
  return html`<div class="tile"><span class="label">${label}</span><span class="value">${value}</span><small>${note}</small></div>`;
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function minute(atMs: number): string {
  return `${iso(atMs).slice(0, 16).replace('T', ' ')} UTC`;
}
