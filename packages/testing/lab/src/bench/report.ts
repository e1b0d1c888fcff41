import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { showValue } from './figure.ts';
import { type CaseResult, type ComparedFigure, compare } from './table.ts';

/** The figures of one run of the benchmarks, as `--json` writes them. */
export interface Report {
  /** The commit that was measured; with `+` if files were changed since, and `null` outside of a repository. */
  readonly commit: string | null;
  /** The day of the run, such as 2026-11-29. */
  readonly date: string;
  readonly machine: {
    readonly node: string;
    readonly arch: string;
    readonly cpus: number;
    readonly model?: string | undefined;
  };
  readonly cases: readonly CaseReport[];
}

/** One case of a {@link Report}, at one latency of the provider. */
interface CaseReport {
  readonly name: string;
  readonly heading: string;
  readonly latencyMs: number | null;
  readonly figures: readonly ComparedFigure[];
  readonly failures: readonly { readonly target: string; readonly message: string }[];
}

/** The report of what was measured on this machine just now. */
export function makeReport(results: readonly CaseResult[]): Report {
  return {
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    machine: { node: process.version, arch: process.arch, cpus: availableParallelism(), model: cpus()[0]?.model },
    cases: results.map((result) => ({
      name: result.name,
      heading: result.heading,
      latencyMs: result.latencyMs,
      figures: compare(result),
      failures: Object.entries(result.outcomes).flatMap(([target, outcome]) =>
        outcome.kind === 'failed' ? [{ target, message: outcome.message }] : [],
      ),
    })),
  };
}

function commit(): string | null {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short=10', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return null;
  }
}

/** The figures of several runs as a table in Markdown, after a line for each run that says what was measured where. */
export function figuresAsMarkdown(reports: readonly Report[]): string {
  const cases = reports.flatMap((report) => report.cases);
  const hasPeer = cases.some(({ figures }) => figures.some(({ peer }) => peer !== null));
  const head = ['case', 'figure', 'at most', 'measured', ...(hasPeer ? ['the other', 'ratio'] : [])];
  const rows = cases.flatMap(({ name, latencyMs, figures }) =>
    figures.map((figure, index) => {
      const { unit, toReach, plugin, peer, ratio } = figure;
      const cells = [toReach, plugin, ...(hasPeer ? [peer] : [])].map((value) =>
        value === null ? '' : showValue(unit, value),
      );
      const subject = `\`${name}\`${latencyMs === null ? '' : `, Vault +${latencyMs} ms`}`;
      const compared = hasPeer ? [ratio === null ? '' : ratio.toFixed(2)] : [];
      return [index === 0 ? subject : '', figure.name, ...cells, ...compared];
    }),
  );
  return [
    ...reports.map(runAsMarkdown),
    '',
    ...[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`.replaceAll(/ {2,}\|/g, ' |')),
  ].join('\n');
}

function runAsMarkdown({ commit: measured, date, machine, cases }: Report): string {
  const { node, arch, cpus: count, model } = machine;
  const names = [...new Set(cases.map(({ name }) => `\`${name}\``))];
  const where = [`${count} cores${model === undefined ? '' : ` of ${model}`}`, arch, `Node ${node.replace(/^v/, '')}`];
  return `- ${date}, commit ${measured ?? 'unknown'}, ${where.join(', ')}: ${names.join(', ')}`;
}
