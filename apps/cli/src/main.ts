import { createInterface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { readRegularFile } from '@vault-swarm/file/regular-file';
import { runCli } from './cli.ts';
import type { Output, World } from './world.ts';

const interrupt = new AbortController();
let isInterruptible = false;

/** `head` and pagers close the pipe when they have enough: that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  interrupt.abort(error);
});

function output(stream: WriteStream): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}

/** The line that is typed, or nothing where the user ends the input or presses Ctrl-C. */
function ask(question: string): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    lines.once('close', () => resolve(''));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}

const world: World = {
  env: process.env,
  readFile: readRegularFile,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  ask: process.stdin.isTTY === true && process.stderr.isTTY === true ? ask : null,
  get interrupted() {
    // Who checks this signal ends by it; all else is ended by SIGINT itself, as ever.
    if (!isInterruptible) {
      isInterruptible = true;
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
    }
    return interrupt.signal;
  },
};

process.exitCode = await runCli(process.argv.slice(2), world);
