import { quoted } from '@vault-swarm/kernel';

/** A name of a variable that every reader of the format takes. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** One file of variables, or why a field can't be in it. */
export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly why: string };

/**
 * Writes fields as lines `NAME='value'`. It uses only what a POSIX shell (`. FILE`), Node's `--env-file` and libraries
 * named dotenv read in the same way: single quotes, in which every character stays, also a line break. A value with a
 * single quote is in double quotes. A value that the readers would understand differently is a problem.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
 * @see https://nodejs.org/api/environment_variables.html#dotenv
 */
export function dotenvText(fields: readonly (readonly [name: string, text: string])[]): FileText {
  const lines: string[] = [];
  for (const [name, text] of fields) {
    if (!NAME.test(name)) return problem(name, 'is no name of a variable (letters, digits and _)');
    if (/[\0\r]/.test(text)) return problem(name, 'has a carriage return or a zero byte');
    if (!text.includes("'")) lines.push(`${name}='${text}'`);
    else if (!/["$`\\]/.test(text)) lines.push(`${name}="${text}"`);
    else
      return problem(
        name,
        'has a single quote and also one of " $ ` \\, which dotenv\'s readers understand differently',
      );
  }
  return { kind: 'text', text: lines.map((line) => `${line}\n`).join('') };
}

function problem(name: string, why: string): FileText {
  return { kind: 'problem', why: `field ${quoted(name)} ${why}` };
}
