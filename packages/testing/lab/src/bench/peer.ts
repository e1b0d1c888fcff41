import { rm } from 'node:fs/promises';
import { sizeOf } from './directory-size.ts';
import type { LabelTemplate } from './label-template.ts';
import { startProgram, type Target } from './target.ts';

/** Another plugin, as its user names it. */
export interface PeerOptions {
  /** The absolute path of its program, which is started without arguments. */
  readonly program: string;
  readonly socketPath: string;
  readonly labels: LabelTemplate;
}

/** Another plugin, with our environment and what the case gives to it. Its size is that of its program alone. */
export function peer({ program, socketPath, labels }: PeerOptions): Target {
  return {
    name: 'peer',
    labels,
    async start(dir, env) {
      // A plugin that was killed leaves its socket, and not each one takes over what it finds.
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

/** The interval's other name, which is the only one that some plugins know. */
function intervalOf({ VAULT_ROTATION_INTERVAL: interval }: Readonly<Record<string, string>>): Record<string, string> {
  return interval === undefined ? {} : { ROTATION_INTERVAL: interval };
}
