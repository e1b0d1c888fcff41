export { default as fc } from 'fast-check';
export { holdsFor } from './holds-for.ts';
export { answer, CANARY, secretJson, showsCanary } from './inputs.ts';
