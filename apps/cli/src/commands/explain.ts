import { problemHelp } from '@vault-swarm/http/problem-help';
import { displayText } from '@vault-swarm/kernel';
import { problem, problemCodes } from '@vault-swarm/provider';
import { EXIT, Failure } from '../failure.ts';
import type { Report } from '../report.ts';
import { similarTo } from '../terminal/similar.ts';

/**
 * What a problem means, and what to do. Needs no plugin.
 * @throws {Failure} `WRONG_USE` if there is no such code.
 */
export function explain(given: string): Report {
  const code = problemCodes.find((each) => each === given.toUpperCase());
  if (code === undefined) {
    const meant = similarTo(given, problemCodes);
    throw new Failure(
      'WRONG_USE',
      `no problem has the code ${displayText(given)}`,
      `${meant === null ? '' : `Did you mean ${meant}? `}vault-swarm status shows the codes of problems; error codes are in docs/reference/errors.md.`,
    );
  }
  const { summary, severity } = problem(code, '', { orchestrator: 'Docker' });
  const { meaning, steps, guide } = problemHelp[code];
  return {
    exitCode: EXIT.well,
    document: { code, summary, severity, meaning, steps, guide: `docs/${guide}` },
    show: (paper) => {
      paper.say(`${summary} (${code}, ${severity}).`, 'strong');
      paper.say(meaning);
      paper.gap();
      for (const [index, step] of steps.entries()) paper.item(`${index + 1}. `, step);
      paper.gap();
      paper.say(`More: docs/${guide}`);
    },
  };
}
