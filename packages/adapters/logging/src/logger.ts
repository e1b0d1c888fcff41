import { severities, severityOf } from '@vault-swarm/metrics';
import type { EventListener } from '@vault-swarm/provider';
import { createLogger as createWinstonLogger, format, transports } from 'winston';
import type { LoggingConfig } from './config.ts';
import { logLine } from './log-line.ts';

/** The log of the product. */
export interface EventLog {
  /** Writes one line for the event, where it matters enough. Never throws, also when the log can't be written. */
  readonly log: EventListener;
}

/** Where the lines go, by default the process's stderr. */
export interface LoggerOptions {
  readonly stream?: NodeJS.WritableStream;
}

/** A log that writes one line an event, as `config` says. */
export function createLogger(config: LoggingConfig, { stream = process.stderr }: LoggerOptions = {}): EventLog {
  // Who reads the log may go away (EPIPE); that must not end the plugin, and there is nowhere to say so.
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
