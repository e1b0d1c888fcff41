import type { Kind } from '../run/kinds.ts';

/** A mistake that is made in the core on purpose, to show that the histories see it. */
export interface Mutation {
  /** What the mutated core does wrong, as a sentence without its subject. */
  readonly name: string;
  /** Below packages/core. */
  readonly file: string;
  /** Text of the file that occurs in it exactly once. */
  readonly from: string;
  readonly to: string;
  /** The seed of a history that shows it, 0 by default. If that one does not show it any more, later ones are tried. */
  readonly seed?: number;
  /** Kinds of happenings in whose histories it shows soon; else all. */
  readonly kinds?: readonly Kind[];
}
