// What `npm test` prints while it runs: each file when it has ended, now and then what runs and how long is left, and in the
// end all failures once more.
import { say } from './step.mjs';

const everyMs = 30_000;

export class Progress {
  #secondsOf;
  #lanes;
  #startedAtMs = performance.now();
  #waiting = new Map();
  #running = new Map();
  #files = 0;
  #ended = 0;
  #failed = 0;
  #measured = {};
  #timer = setInterval(() => this.#sayHowFar(), everyMs);

  /**
   * @param secondsOf how long a file is expected to take.
   * @param lanes how many files run at once.
   */
  constructor(secondsOf, lanes) {
    this.#secondsOf = secondsOf;
    this.#lanes = lanes;
    this.#timer.unref();
  }

  /** Takes an event of a run. */
  take(event) {
    const { type, file, project } = event;
    const key = `${project} ${file}`;
    if (type === 'files') {
      this.#files += event.files.length;
      for (const each of event.files) this.#waiting.set(`${each.project} ${each.file}`, this.#secondsOf(each.file));
    }
    if (type === 'started') {
      this.#running.set(key, { atMs: performance.now(), seconds: this.#secondsOf(file) });
      this.#waiting.delete(key);
    }
    if (type === 'output') say(`--- output of ${file}\n${event.text.trimEnd()}\n---`);
    if (type !== 'ended') return;
    this.#running.delete(key);
    this.#waiting.delete(key);
    this.#ended += 1;
    this.#measured[file] = Math.round(event.seconds * 10) / 10;
    const { passed, failed, seconds } = event;
    const counts = failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} FAILED`;
    say(`${failed === 0 ? '✓' : '✗'} ${key}: ${counts}, ${seconds.toFixed(1)} s`);
    this.#failed += failed;
    for (const failure of event.failures) sayFailure({ where: key, ...failure });
  }

  /** The seconds that each file has taken. */
  get measured() {
    return this.#measured;
  }

  end() {
    clearInterval(this.#timer);
  }

  #sayHowFar() {
    if (this.#running.size === 0) return;
    const now = performance.now();
    const left = [...this.#running.values()].map(({ atMs, seconds }) => Math.max(0, seconds - (now - atMs) / 1000));
    const all = [...left, ...this.#waiting.values()];
    const seconds = Math.max(...all, all.reduce((sum, each) => sum + each, 0) / this.#lanes);
    const running = [...this.#running.keys()].map((key) => key.replace(/ .*\//, ' ')).join(', ');
    const failed = this.#failed === 0 ? '' : `, ${this.#failed} tests failed`;
    say(
      `… ${minutes((now - this.#startedAtMs) / 1000)}: ${this.#ended} of ${this.#files} files${failed}, about ${minutes(seconds)} left; running: ${running}`,
    );
  }
}

/** One failure, with where it is. */
export function sayFailure({ where, name, text }) {
  say(`\nFAILED ${where}${name === '' ? '' : ` > ${name}`}${text === '' ? '' : `\n${text}`}\n`);
}

const minutes = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);
