import { healthReport, severityOf } from '@vault-swarm/metrics';
import type { MonitoringSources } from '../sources.ts';
import { count } from './format.ts';
import { type Html, html } from './html.ts';
import { figureTiles, healthSummary } from './summary.ts';
import { eventsList, secretsTable, servicesTable } from './tables.ts';

const EVENTS_SHOWN = 50;

/**
 * The dashboard as it is now. Whoever may see the page may see names, so problems are told in full. Its script asks
 * for the page again every 30 s and takes over what is in `#live`.
 */
export function dashboardPage(sources: MonitoringSources, nowMs: number): string {
  const { pluginName, version } = sources;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<noscript><meta http-equiv="refresh" content="30"></noscript>
<title>${pluginName}</title>
<link rel="icon" type="image/svg+xml" href="assets/icon.svg">
<link rel="stylesheet" href="assets/dashboard.css">
<script src="assets/dashboard.js" defer></script>
</head>
<body>
<header><div>
<span class="name"><img src="assets/icon.svg" alt="" width="28" height="28"><strong>${pluginName}</strong> <small>${version}</small></span>
<span id="age" class="age">as of ${new Date(nowMs).toISOString()}</span>
</div></header>
<p id="connection" role="alert" hidden></p>
${live(sources, nowMs)}
</body>
</html>
`.text;
}

function live(sources: MonitoringSources, nowMs: number): Html {
  const figures = sources.figures();
  const status = sources.status();
  const { problems } = healthReport(figures, sources.problems(), true);
  const events = sources.recentEvents.list((type) => severityOf(type) !== 'debug').slice(0, EVENTS_SHOWN);
  return html`<main id="live" data-now="${new Date(nowMs).toISOString()}">
${healthSummary(figures, status, problems, nowMs)}
${figureTiles(figures, status, nowMs)}
<section><h2>Services <small>${count(status.services.length, 'service')}</small></h2>
${servicesTable(status.services, nowMs)}</section>
<section><h2>Secrets <small>${count(status.secrets.length, 'secret')}</small></h2>
${secretsTable(status.secrets, nowMs)}</section>
<section><h2>Latest events</h2>
${eventsList(events, nowMs)}</section>
</main>`;
}
