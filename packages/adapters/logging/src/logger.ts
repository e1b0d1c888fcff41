import { type NamedEvent, severities, type Timed } from '@vault-swarm/kernel';
import type { EventCatalog } from '@vault-swarm/metrics';
import { createLogger as createWinstonLogger, format, transports } from 'winston';
import type { LoggingConfig } from './config.ts';
import { logLine } from './log-line.ts';

/** The log of the plugin. */
export interface EventLog {
  /** Writes one line for the event if it is severe enough. Never throws, even if the log can't be written. */
  log(this: void, event: Timed<NamedEvent>): void;
}

/** What the log needs. */
export interface LoggerOptions {
  /** The descriptions of the events. */
  readonly catalog: EventCatalog;
  /** The destination of the lines; the process's stderr by default. */
  readonly stream?: NodeJS.WritableStream;
}

/** Creates a log that writes one line for each event. */
export function createLogger(config: LoggingConfig, { catalog, stream = process.stderr }: LoggerOptions): EventLog {
  // The reader of the log may be gone (EPIPE). That must not stop the plugin, and there is nowhere to report it.
  stream.on('error', () => {});
  const logger = createWinstonLogger({
    level: config.level,
    levels: Object.fromEntries(severities.map((severity, index) => [severity, index])),
    format: format.printf(({ message }) => String(message)),
    transports: [new transports.Stream({ stream, eol: '\n' })],
    exitOnError: false,
  });
  logger.on('error', () => {});
  // The level never changes, and winston looks through its transports each time.
  const enabled = new Set(severities.filter((severity) => logger.isLevelEnabled(severity)));
  return {
    log(event) {
      const level = catalog.severityOf(event.type);
      if (enabled.has(level)) logger.log({ level, message: logLine(catalog.record(event), config.format) });
    },
  };
}
