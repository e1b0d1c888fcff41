// A pool of vitest whose workers are sandboxes: each test file runs in a sandbox of its own, within the one that vitest runs in.
import { appendFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { startInnerSandbox } from './sandbox.mjs';

/** An engine, a Vault and what a test starts beside them need about as much. */
const BYTES_PER_SANDBOX = 2 * 1024 ** 3;
const MAX_SANDBOXES = 8;
/** No file takes as long, on any machine: one that does hangs. TEST_FILE_MINUTES is for one that is told to do more. */
const FILE_DEADLINE_MS = Number(process.env.TEST_FILE_MINUTES ?? 20) * 60_000;

/** What a file writes is given to the reporter (see ../bootstrap/test-events.mjs) as a whole, not while others write. */
const isHeldByLockdown = process.env.VAULT_SWARM_TEST_OUTPUT === 'by file';

/** How many sandboxes this machine can have at once: tests in them mostly wait. TEST_BOXES overrides it. */
export function parallelSandboxes() {
  const given = Number(process.env.TEST_BOXES);
  if (Number.isInteger(given) && given > 0) return given;
  return Math.max(1, Math.min(availableParallelism() + 1, Math.floor(totalmem() / BYTES_PER_SANDBOX), MAX_SANDBOXES));
}

/** For `pool` of a project in vitest.config.ts; only in a sandbox. */
export const sandboxPool = { name: 'box', createPoolWorker: (options) => new SandboxWorker(options) };

/** As vitest's own `forks`, in a sandbox. */
class SandboxWorker {
  name = 'box';
  cacheFs = true;
  #options;
  #sandbox;
  #ended;
  #deadline;
  #file = '';

  constructor(options) {
    this.#options = options;
  }

  async start() {
    const { distPath, execArgv, env, project } = this.#options;
    this.#sandbox = startInnerSandbox(process.execPath, [...execArgv, join(distPath, 'workers/forks.js')], { env });
    const { outputStream, errorStream } = project.vitest.logger;
    const { stdout, stderr } = this.#sandbox.child;
    const output = [];
    stdout.on('data', (chunk) => (isHeldByLockdown ? output.push(chunk) : outputStream.write(chunk)));
    stderr.on('data', (chunk) => (isHeldByLockdown ? output.push(chunk) : errorStream.write(chunk)));
    this.#ended = this.#sandbox.ended.then(() => {
      clearTimeout(this.#deadline);
      const text = Buffer.concat(output).toString();
      if (text.trim() === '') return;
      const event = { type: 'output', file: this.#file, text };
      appendFileSync(process.env.VAULT_SWARM_TEST_EVENTS, `${JSON.stringify(event)}\n`);
    });
  }

  /** Ends all that the file left running, too. */
  async stop() {
    this.#sandbox.kill();
    await this.#ended;
  }

  send(message) {
    if (message.type === 'run') {
      const { logger, config } = this.#options.project.vitest;
      this.#file = message.context.files.map(({ filepath }) => relative(config.root, filepath)).join(', ');
      this.#deadline = setTimeout(() => {
        logger.error(`${this.#file} hangs: it did not end in ${FILE_DEADLINE_MS / 60_000} minutes`);
        this.#sandbox.kill();
      }, FILE_DEADLINE_MS);
    }
    // A worker that has ended is reported by its exit.
    this.#sandbox.child.send(message, () => {});
  }

  on(event, callback) {
    this.#sandbox.child.on(event, callback);
  }

  off(event, callback) {
    this.#sandbox.child.off(event, callback);
  }

  deserialize(data) {
    return data;
  }
}
