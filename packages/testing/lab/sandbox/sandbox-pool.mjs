// A pool of vitest whose workers are sandboxes: each test file runs in a sandbox of its own, within the one that vitest runs in.
import { appendFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { startInnerSandbox } from './sandbox.mjs';

/** About the memory of an engine, a Vault and the processes of one test. */
const BYTES_PER_SANDBOX = 2 * 1024 ** 3;
const MAX_SANDBOXES = 8;
/** A file that takes longer hangs. TEST_FILE_MINUTES raises the limit for runs with more work. */
const FILE_DEADLINE_MS = Number(process.env.TEST_FILE_MINUTES ?? 20) * 60_000;

/** Whether the output of a file goes to the reporter as a whole (see ../bootstrap/test-events.mjs), not mixed with others. */
const isBuffered = process.env.VAULT_SWARM_TEST_OUTPUT === 'by file';

/** A test mostly waits for Swarm. */
const SANDBOXES_PER_CORE = 3;

/** How many sandboxes run at once on this machine. TEST_SANDBOXES overrides the number. */
export function parallelSandboxes() {
  const given = Number(process.env.TEST_SANDBOXES);
  if (Number.isInteger(given) && given > 0) return given;
  return Math.max(
    1,
    Math.min(availableParallelism() * SANDBOXES_PER_CORE, Math.floor(totalmem() / BYTES_PER_SANDBOX), MAX_SANDBOXES),
  );
}

/** For `pool` of a project in vitest.config.ts. Works only in a sandbox. */
export const sandboxPool = { name: 'sandbox', createPoolWorker: (options) => new SandboxWorker(options) };

/** A worker of vitest's `forks` pool in a sandbox. */
class SandboxWorker {
  name = 'sandbox';
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
    stdout.on('data', (chunk) => (isBuffered ? output.push(chunk) : outputStream.write(chunk)));
    stderr.on('data', (chunk) => (isBuffered ? output.push(chunk) : errorStream.write(chunk)));
    this.#ended = this.#sandbox.ended.then(() => {
      clearTimeout(this.#deadline);
      const text = Buffer.concat(output).toString();
      if (text.trim() === '') return;
      const event = { type: 'output', file: this.#file, text };
      appendFileSync(process.env.VAULT_SWARM_TEST_EVENTS, `${JSON.stringify(event)}\n`);
    });
  }

  /** Also kills all processes that the file left running. */
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
    // vitest learns from the exit event that a worker has ended.
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
