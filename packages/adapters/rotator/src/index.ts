export type { RotatorEvents } from './events.ts';
export type { GroupOptions, WorkerContext } from './group-options.ts';
export { fileLedger } from './ledger/file-ledger.ts';
export { memoryLedger } from './ledger/memory-ledger.ts';
export type { RotatorLedger } from './ledger/rotator-ledger.ts';
export { type Group, Rotator, type SettledOptions } from './rotator.ts';
export type { RotatorOptions } from './rotator-options.ts';
