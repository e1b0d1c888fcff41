// Renders the help for problems as a page with a section for each code.
import { problemHelp } from '../packages/adapters/http/src/api/problem-help.ts';
import { problem, problemCodes } from '../packages/core/provider/src/index.ts';

/** The page, in Markdown. */
export function problemCodesPage(): string {
  return [
    '# Problem codes',
    'What each problem means, and what to do. `vault-swarm explain CODE` prints the same, and the dashboard shows it below a problem. How problems are listed: [problems and states](problems.md).',
    ...problemCodes.flatMap((code) => {
      const { meaning, steps, guide } = problemHelp[code];
      const { severity, summary } = problem(code, '', { orchestrator: 'Docker' });
      const path = guide.startsWith('reference/') ? guide.slice('reference/'.length) : `../${guide}`;
      const [only, ...more] = steps;
      return [
        `## ${code}`,
        `**${summary}** (\`${severity}\`). ${meaning}`,
        more.length === 0 ? (only ?? '') : steps.map((step, index) => `${index + 1}. ${step}`).join('\n'),
        `More: [docs/${guide}](${path})`,
      ];
    }),
  ]
    .join('\n\n')
    .concat('\n');
}
