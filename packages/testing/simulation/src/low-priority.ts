import { setPriority } from 'node:os';

// The simulation uses every core for minutes: what runs beside it, and waits for a clock, goes first.
setPriority(10);
