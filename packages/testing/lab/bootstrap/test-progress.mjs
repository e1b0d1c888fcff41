// The output of `npm test` while it runs: each file when it has ended, every 30 s the running files and the estimated remaining
// time, and at the end all failures again.
import { say } from './step.mjs';

const everyMs = 30_000;
/** Less measured time says nothing about the speed of this machine. */
const minSeconds = 60;

/** The progress of several parallel vitest runs. */
export class Progress {
  #secondsOf;
  #tracks;
  #startedAtMs = performance.now();
  #files = new Map();
  #timer = setInterval(() => this.#sayHowFar(), everyMs);

  /**
   * @param secondsOf how long a file is expected to take.
   * @param tracks the parallel tracks: each is a list of groups that run one after the other, with the `projects` of each and how many
   *   of their files run at once (`lanes`).
   */
  constructor(secondsOf, tracks) {
    this.#secondsOf = secondsOf;
    this.#tracks = tracks;
    this.#timer.unref();
  }

  /** Handles an event of a run. */
  take(event) {
    const { type, file, project } = event;
    if (type === 'files') for (const each of event.files) this.#add(each);
    if (type === 'output') say(`--- output of ${file}\n${event.text.trimEnd()}\n---`);
    const known = this.#files.get(nameOf(event));
    if (type === 'started') known.startedAtMs = performance.now();
    if (type !== 'ended') return;
    Object.assign(known, { took: event.seconds, failed: event.failed });
    const { passed, failed, seconds } = event;
    const counts = failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} FAILED`;
    say(`${failed === 0 ? '✓' : '✗'} ${project} ${file}: ${counts}, ${seconds.toFixed(1)} s`);
    for (const failure of event.failures) sayFailure({ where: nameOf(event), ...failure });
  }

  #add({ file, project }) {
    this.#files.set(nameOf({ file, project }), { file, project, expected: this.#secondsOf(file), failed: 0 });
  }

  /** The seconds that each file has taken. */
  get measured() {
    return Object.fromEntries(this.#ended().map(({ file, took }) => [file, Math.round(took * 10) / 10]));
  }

  end() {
    clearInterval(this.#timer);
  }

  #ended() {
    return [...this.#files.values()].filter(({ took }) => took !== undefined);
  }

  #sayHowFar() {
    const files = [...this.#files.values()];
    const running = files.filter(({ startedAtMs, took }) => startedAtMs !== undefined && took === undefined);
    if (running.length === 0) return;
    const ended = this.#ended();
    const failed = sum(ended.map((each) => each.failed));
    const names = running.map(({ project, file }) => `${project} ${file.replace(/.*\//, '')}`);
    const parts = [
      `${lengthOf((performance.now() - this.#startedAtMs) / 1000)}: ${ended.length} of ${files.length} files`,
      ...(failed === 0 ? [] : [`${failed} failures`]),
      this.#left(files, ended),
    ];
    say(`… ${parts.join(', ')}; running: ${names.join(', ')}`);
  }

  #left(files, ended) {
    const isKnown = this.#tracks.every((groups) =>
      groups.some(({ projects }) => files.some(({ project }) => projects.includes(project))),
    );
    if (!isKnown) return 'the other tests are being prepared';
    // How slow this machine is now, relative to the expected durations.
    const expected = sum(ended.map((each) => each.expected));
    const pace = expected < minSeconds ? 1 : sum(ended.map(({ took }) => took)) / expected;
    const now = performance.now();
    const leftOf = ({ expected: seconds, startedAtMs, took }) => {
      if (took !== undefined) return 0;
      return Math.max(0, seconds * pace - (startedAtMs === undefined ? 0 : (now - startedAtMs) / 1000));
    };
    const leftOfGroup = ({ projects, lanes }) => {
      const left = files.filter(({ project }) => projects.includes(project)).map(leftOf);
      return Math.max(0, ...left, sum(left) / lanes);
    };
    return `about ${lengthOf(Math.max(...this.#tracks.map((groups) => sum(groups.map(leftOfGroup)))))} left`;
  }
}

/** Prints one failure with its place. */
export function sayFailure({ where, name, text }) {
  say(`\nFAILED ${where}${name === '' ? '' : ` > ${name}`}${text === '' ? '' : `\n${text}`}\n`);
}

const nameOf = ({ project, file }) => `${project} ${file}`;
const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
const lengthOf = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);
