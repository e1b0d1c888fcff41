// The order in which vitest starts test files: long ones first, so that none is left alone at the end; those that take about
// as long as each other in an order that the seed decides.
import { relative } from 'node:path';
import { BaseSequencer } from 'vitest/node';
import { readDurations } from './durations.mjs';

/** For `sequence.sequencer` in vitest.config.ts. */
export class FileOrder extends BaseSequencer {
  async sort(specifications) {
    const { root, sequence } = this.ctx.config;
    const secondsOf = readDurations();
    const keyed = specifications.map((specification) => {
      const file = relative(root, specification.moduleId);
      // Files of one class are within a factor of two.
      return { specification, class: Math.ceil(Math.log2(secondsOf(file))), random: hash(`${sequence.seed} ${file}`) };
    });
    keyed.sort((a, b) => b.class - a.class || a.random - b.random);
    return keyed.map(({ specification }) => specification);
  }
}

/** 32 bits that look random (FNV-1a, with a last mix, since neighbours would stay neighbours). */
function hash(text) {
  let bits = 0x811c9dc5;
  for (const char of text) bits = Math.imul(bits ^ char.codePointAt(0), 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return (bits ^ (bits >>> 15)) >>> 0;
}
