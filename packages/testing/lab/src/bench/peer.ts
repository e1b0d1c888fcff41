import { rm } from 'node:fs/promises';
import { sizeOf } from './directory-size.ts';
import type { LabelTemplate } from './label-template.ts';
import { startProgram, type Target } from './target.ts';

/** Another plugin, from the user's settings. */
export interface PeerOptions {
  /** The absolute path of its program, which starts without arguments. */
  readonly program: string;
  readonly socketPath: string;
  readonly labels: LabelTemplate;
}

/** Another plugin, with our environment and that of the case. Its size is only that of its program. */
export function peer({ program, socketPath, labels }: PeerOptions): Target {
  return {
    name: 'peer',
    labels,
    async start(dir, env) {
      // A killed plugin leaves its socket, and not every plugin replaces an existing one.
      await rm(socketPath, { force: true });
      return startProgram(dir, {
        command: program,
        env: { ...process.env, ...env, ...intervalOf(env) },
        socketPath,
        labels,
      });
    },
    size: () => sizeOf(program),
  };
}

/** Adds the interval's other name, which is the only one that some plugins support. */
function intervalOf({ VAULT_ROTATION_INTERVAL: interval }: Readonly<Record<string, string>>): Record<string, string> {
  return interval === undefined ? {} : { ROTATION_INTERVAL: interval };
}
