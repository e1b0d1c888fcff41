// Runs vitest and reads its events (see test-events.mjs). Several runs can be active at once.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInSandbox } from '../sandbox/sandbox.mjs';
import { root } from './project.mjs';

const reporter = fileURLToPath(new URL('./test-events.mjs', import.meta.url));
const pollMs = 250;

/**
 * Runs vitest and passes each event to `onEvent`. Resolves to the result: how many tests `passed` and `failed`, the names of
 * the `skipped` ones, and the `failures` with file, name and text. A file that did not end is a failure. So is a run without a
 * failed test that exits with a code other than 0.
 *
 * @param name the name of the run, for failures outside of its tests.
 * @param reporters more reporters of vitest, which write to the terminal.
 * @param isLowPriority whether what runs beside it goes first; not in a sandbox.
 * @param eventsFile the path of the file for events.
 */
export async function runVitest(
  args,
  { name, reporters = [], inSandbox = false, isLowPriority = false, env, eventsFile, deadlineMs, onEvent },
) {
  const command = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...[...reporters, reporter].map((each) => `--reporter=${each}`),
    ...args,
  ];
  const results = new Results(name);
  let read = 0;
  const follow = () => {
    if (!existsSync(eventsFile)) return;
    const bytes = readFileSync(eventsFile);
    const end = bytes.lastIndexOf('\n') + 1;
    const lines = bytes.subarray(read, end).toString().split('\n').slice(0, -1);
    read = end;
    for (const line of lines) {
      const event = JSON.parse(line);
      results.take(event);
      onEvent(event);
    }
  };
  const timer = setInterval(follow, pollMs);
  try {
    const options = { cwd: root, env: { ...env, VAULT_SWARM_TEST_EVENTS: eventsFile }, isLowPriority, deadlineMs };
    const code = await (inSandbox ? runInSandbox : runHere)('node', command, options);
    follow();
    return results.total(code);
  } finally {
    clearInterval(timer);
  }
}

/** The result of a run, from its events. */
export class Results {
  #name;
  #unended = new Map();
  #passed = 0;
  #failed = 0;
  #skipped = [];
  #failures = [];
  #errors;

  constructor(name) {
    this.#name = name;
  }

  take(event) {
    const { type, file, project } = event;
    if (type === 'files') for (const each of event.files) this.#unended.set(`${each.project} ${each.file}`, each);
    if (type === 'done') this.#errors = event.errors;
    if (type !== 'ended') return;
    this.#unended.delete(`${project} ${file}`);
    this.#passed += event.passed;
    this.#failed += event.failed;
    this.#skipped.push(...event.skipped.map((test) => `${file}: ${test}`));
    this.#failures.push(...event.failures.map((failure) => ({ where: `${project} ${file}`, ...failure })));
  }

  total(code) {
    const errors = this.#errors ?? [];
    const unended = [...this.#unended.keys()].map((where) => ({ where, name: 'did not end', text: '' }));
    const outside = errors.map((text) => ({ where: this.#name, name: 'an error outside of the tests', text }));
    // A lost worker is an error too. It is counted by its files.
    let failed = this.#failed + (unended.length || outside.length);
    const failures = [...this.#failures, ...unended, ...outside];
    if (failed === 0 && code !== 0) {
      failed = 1;
      failures.push({ where: this.#name, name: `vitest ended with exit code ${code}`, text: '' });
    }
    return { passed: this.#passed, failed, skipped: this.#skipped, failures };
  }
}

function runHere(command, args, { cwd, env, isLowPriority, deadlineMs: timeout }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout,
      killSignal: 'SIGKILL',
    });
    child.once('spawn', () => isLowPriority && setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL));
    const stop = () => child.kill('SIGTERM');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
    child.once('error', reject);
    child.once('close', (code) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop);
      resolve(code ?? 1);
    });
  });
}
