// The order in which vitest starts test files: long ones first, so that the run does not end with one long file. The seed
// decides the order of files that take about equally long.
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { BaseSequencer } from 'vitest/node';
import { readDurations } from './durations.mjs';

/** For `sequence.sequencer` in vitest.config.ts. */
export class FileOrder extends BaseSequencer {
  async sort(specifications) {
    const { root, sequence } = this.ctx.config;
    if (!process.env.TEST_SEED) this.ctx.logger.log(`TEST_SEED=${sequence.seed} repeats this order of the files`);
    const secondsOf = readDurations();
    const keyed = specifications.map((specification) => {
      const file = relative(root, specification.moduleId);
      const random = createHash('sha256').update(`${sequence.seed} ${file}`).digest('hex');
      // Files of one class are within a factor of two.
      return { specification, class: Math.ceil(Math.log2(secondsOf(file))), random };
    });
    keyed.sort((a, b) => b.class - a.class || (a.random < b.random ? -1 : 1));
    return keyed.map(({ specification }) => specification);
  }
}
