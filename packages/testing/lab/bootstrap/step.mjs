// The output of the set-up. A step that takes more than a second prints a line after that second, and one with its duration when
// it is done. The output of a command is printed only if it fails.
import { spawn } from 'node:child_process';

/** An error that is printed without a stack: what is wrong, and what to do. */
export class SetupError extends Error {}

let output = process.stdout;

export function say(line) {
  output.write(`${line}\n`);
}

/** Prints to stderr from now on, for a command whose stdout is its result. */
export function sayOnStderr() {
  output = process.stderr;
}

export async function step(what, action) {
  const start = performance.now();
  const timer = setTimeout(() => say(`${what} …`), 1000);
  try {
    const result = await action();
    const seconds = (performance.now() - start) / 1000;
    if (seconds > 1) say(`${what}: ${seconds.toFixed(1)} s`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs a command as a step. Resolves to its stdout. With `show`, its stderr is printed as progress. */
export function commandStep(what, command, args, { show = false, ...options } = {}) {
  const reported = show ? (_what, action) => action() : step;
  return reported(
    what,
    () =>
      new Promise((resolve, reject) => {
        const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', show ? 'inherit' : 'pipe'] });
        let stdout = '';
        let all = '';
        child.stdout.on('data', (chunk) => {
          stdout += chunk;
          all += chunk;
        });
        child.stderr?.on('data', (chunk) => {
          all += chunk;
        });
        child.once('error', (error) => reject(new SetupError(`${what}: ${error.message}`)));
        child.once('close', (code, signal) => {
          if (code === 0) resolve(stdout);
          else reject(new SetupError(`${all.trimEnd()}\n${what}: failed (${signal ?? `exit code ${code}`})`));
        });
      }),
  );
}
