import { displayMessage } from '@vault-swarm/kernel';

/** One thing that was found, and how to fix it. */
export interface Finding {
  /** `hint`: it works, but perhaps not as it is meant. */
  readonly kind: 'wrong' | 'hint';
  readonly message: string;
  /** What to do, as a sentence. */
  readonly fix: string;
}

/** The names of the checks, in the order in which they are shown. Programs match on these. */
export const checkNames = [
  'engine',
  'swarm',
  'settings',
  'cluster',
  'socket',
  'drivers',
  'labels',
  'services',
  'plugin',
  'providers',
  'policies',
  'transport',
  'clocks',
] as const;

/** One of {@link checkNames}. */
export type CheckName = (typeof checkNames)[number];

/** What one check came to. */
export interface Check {
  readonly name: CheckName;
  /** What was checked and found well, or why nothing could be checked. */
  readonly summary: string;
  readonly isSkipped: boolean;
  readonly findings: readonly Finding[];
}

/** Something that was checked. */
export function checked(name: CheckName, summary: string, findings: readonly Finding[] = []): Check {
  return { name, summary, isSkipped: false, findings };
}

/** Something that could not be checked, and why. */
export function skipped(name: CheckName, reason: string): Check {
  return { name, summary: reason, isSkipped: true, findings: [] };
}

/** Something is wrong. */
export function wrong(message: string, fix: string): Finding {
  return { kind: 'wrong', message: displayMessage(message), fix: displayMessage(fix) };
}

/** Something works, but perhaps not as it is meant. */
export function hint(message: string, fix: string): Finding {
  return { kind: 'hint', message: displayMessage(message), fix: displayMessage(fix) };
}
