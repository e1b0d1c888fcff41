import type { Lease, Leases } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { ListQuery, PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Paper } from '../terminal/printer.ts';
import { ago, count, grouped, span } from '../terminal/words.ts';
import { noneOf } from './services.ts';
import { showProblem } from './status.ts';

/** The credentials that end, and what is wrong with them. */
export async function leases(client: PluginClient, query: ListQuery): Promise<Report> {
  const [{ document, raw, atMs }, { document: overview }] = await Promise.all([
    client.leases(query),
    client.overview(),
  ]);
  const nowMs = atMs ?? Date.now();
  const wrong = document.leases.filter((lease) => troubleOf(lease, nowMs) !== null);
  // Also what was not issued, which is in no list.
  const problems = overview.problems.filter(({ code }) => code.startsWith('LEASE_'));
  const isWell = wrong.length === 0 && problems.length === 0 && document.observed_at !== null;
  return {
    exitCode: isWell ? EXIT.well : EXIT.wrong,
    document: { ...raw, problems },
    show: (paper) => {
      for (const problem of problems) showProblem(paper, '', problem, nowMs);
      const isTold = ({ service }: Lease) => problems.some(({ services }) => services.includes(service));
      for (const lease of wrong.filter((one) => !isTold(one)))
        paper.item(`${lease.service}: `, troubleOf(lease, nowMs) ?? '', 'bad');
      paper.gap();
      if (document.leases.length === 0) {
        const isAll = document.observed_at !== null && query.search === undefined && query.state === undefined;
        paper.say(isAll ? 'There is no credential that ends.' : noneOf(document.observed_at, query));
        return;
      }
      leaseTable(paper, document.leases, nowMs);
      paper.gap();
      for (const note of notesOf(document)) paper.say(note, 'faint');
    },
  };
}

/** One line for each credential. */
export function leaseTable(paper: Paper, list: readonly Lease[], nowMs: number): void {
  paper.table(
    ['SERVICE', 'STATE', 'RENEWED', 'ENDS IN', 'ROLLED IN', 'FROM'],
    list.map((lease) => [
      lease.service,
      lease.state,
      ago(lease.renewed_at, nowMs, lease.renewable ? '-' : 'never'),
      until(endOf(lease), nowMs),
      until(lease.rolls_at, nowMs),
      lease.ref ?? lease.provider,
    ]),
  );
}

/** What is wrong with it, as a sentence; `null` if nothing is. */
export function troubleOf(lease: Lease, nowMs: number): string | null {
  const { state, problem, tasks, generation } = lease;
  const failure = problem === null ? null : `${problem.operation} fails: ${problem.message}`;
  const about = `the credential of generation ${generation}`;
  if (state === 'ended') return `${about} has ended, and ${count(tasks, 'task')} still have it`;
  if (state === 'unknown')
    return `${count(tasks, 'task')} have a credential that no account names; a rollout replaces it`;
  if (lease.ends_too_soon) {
    const why = failure === null ? '' : ` (${failure})`;
    return `${about} ends in ${until(endOf(lease), nowMs)}, sooner than a rollout takes${why}`;
  }
  return failure;
}

/** When it ends as far as it is known: unless it is renewed, if its renewal fails or its last end is not known. */
function endOf({ ends_at: last, expires_at: next, problem }: Lease): string | null {
  return problem?.operation === 'renew' ? (next ?? last) : (last ?? next);
}

function until(time: string | null, nowMs: number): string {
  if (time === null) return '-';
  const leftMs = Date.parse(time) - nowMs;
  return leftMs > 0 ? span(leftMs) : 'now';
}

function notesOf({ leases: list, total, max_leases: limit, role }: Leases): readonly string[] {
  const notes = [`${grouped(total)} of at most ${grouped(limit)} credentials (LEASE_MAX).`];
  if (list.some(({ renewable, holder }) => renewable && holder === 'login'))
    notes.push("Some end with the plugin's login: see the problem LEASE_HOLDER_DENIED.");
  if (role === 'standby') notes.push('This manager is a standby: only the leader knows what was renewed.');
  return notes;
}
