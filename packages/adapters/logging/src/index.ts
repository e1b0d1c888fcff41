export { createLogger, type EventLog, type LoggerOptions } from './logger.ts';
