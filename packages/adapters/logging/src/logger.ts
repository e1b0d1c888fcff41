import { severities, severityOf } from '@vault-swarm/metrics';
import type { EventListener } from '@vault-swarm/provider';
import { createLogger as createWinstonLogger, format, transports } from 'winston';
import type { LoggingConfig } from './config.ts';
import { logLine } from './log-line.ts';

/** The log of the plugin. */
export interface EventLog {
  /** Writes one line for the event if it is severe enough. Never throws, even if the log can't be written. */
  readonly log: EventListener;
}

/** The destination of the lines; the process's stderr by default. */
export interface LoggerOptions {
  readonly stream?: NodeJS.WritableStream;
}

/** Creates a log that writes one line for each event. */
export function createLogger(config: LoggingConfig, { stream = process.stderr }: LoggerOptions = {}): EventLog {
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
  return {
    log(event) {
      const level = severityOf(event.type);
      if (logger.isLevelEnabled(level)) logger.log({ level, message: logLine(event, config.format) });
    },
  };
}
