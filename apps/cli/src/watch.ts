import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, type ExitCode, Failure } from './failure.ts';
import type { Report } from './report.ts';
import { Paper } from './terminal/printer.ts';
import { hasColours, type World, widthOf } from './world.ts';

/**
 * Shows a report again and again, in place on a terminal, else one below the other. A plugin that is not reached for a
 * while is shown as that. Ends when the user interrupts it, with the exit code of what was shown last.
 */
export async function watch(
  world: World,
  intervalMs: number,
  look: (signal: AbortSignal) => Promise<Report>,
  showFailure: (paper: Paper, failure: Failure) => void,
): Promise<ExitCode> {
  const signal = world.interrupted;
  let exitCode: ExitCode = EXIT.well;
  while (!signal.aborted) {
    const paper = new Paper({ width: widthOf(world), colours: hasColours(world) });
    try {
      const report = await look(signal);
      report.show(paper);
      exitCode = report.exitCode;
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof Failure)) throw error;
      showFailure(paper, error);
      exitCode = error.exitCode;
    }
    draw(world, paper.text());
    await delay(intervalMs, undefined, { signal }).catch(() => {});
  }
  return exitCode;
}

/** Each line clears what was right of it, and the last what was below: nothing flickers. */
function draw({ stdout }: World, text: string): void {
  if (!stdout.isTerminal) {
    stdout.write(`${text}\n`);
    return;
  }
  const lines = text.split('\n').slice(0, (stdout.rows ?? 24) - 1);
  stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\n')}\u001b[J`);
}
