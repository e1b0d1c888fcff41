import { displayText } from '@vault-swarm/kernel';

/** The most different warnings that are reported: a library may put a number or a name into each. */
const MAX_TOLD = 100;

/** Names of Node's own warnings, and of those that libraries pass as text. They quote nothing that was read. */
const PLAIN_NAMES: ReadonlySet<string> = new Set([
  'Warning',
  'DeprecationWarning',
  'ExperimentalWarning',
  'MaxListenersExceededWarning',
  'SecurityWarning',
  'TimeoutNegativeWarning',
  'TimeoutNaNWarning',
  'TimeoutOverflowWarning',
]);

/**
 * Reports each different warning of Node and of libraries (`process.emitWarning`) once. The launchers' `--no-warnings`
 * stops Node from writing them to stderr, where each line is an event in the configured format.
 */
export class ProcessWarnings {
  readonly #reported = new Set<string>();
  #early: string[] = [];
  #tell: (message: string) => void = (message) => this.#early.push(message);

  /** Starts listening, and buffers warnings until {@link connect}. */
  constructor() {
    process.on('warning', (warning) => this.#take(warning));
  }

  /** Passes each warning to `tell`, starting with the buffered ones. */
  connect(tell: (message: string) => void): void {
    this.#tell = tell;
    for (const message of this.#early.splice(0)) tell(message);
  }

  #take(warning: Error & { readonly code?: unknown }): void {
    const message = describe(warning);
    if (this.#reported.has(message) || this.#reported.size >= MAX_TOLD) return;
    this.#reported.add(message);
    this.#tell(message);
  }
}

/** The error of a library's own class, such as a parser's, may quote what it read, so its text is left out. */
function describe({ name, code, message }: Error & { readonly code?: unknown }): string {
  const kind = displayText(typeof code === 'string' ? `${name} ${code}` : name);
  return PLAIN_NAMES.has(name) ? `${kind}: ${displayText(message)}` : `${kind} of a library`;
}
