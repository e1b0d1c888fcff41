/** The amount of work of each case. */
export interface Scale {
  readonly starts: number;
  readonly firstReads: number;
  readonly warm: { readonly secrets: number; readonly tasks: number };
  readonly sequential: { readonly secrets: number; readonly tasks: number; readonly runs: number };
  readonly storm: StormScale;
  /** `deadline` is GETSECRET_DEADLINE, if it is not the default. */
  readonly outage: { readonly cacheMaxAgeMs: number; readonly deadline: string | undefined };
  readonly refused: { readonly calls: number; readonly windowMs: number };
  readonly tick: { readonly sizes: readonly number[]; readonly intervalMs: number; readonly ticks: number };
  readonly providerPass: { readonly sizes: readonly number[]; readonly intervalMs: number; readonly passes: number };
  /** `pauseMs` is the time between the first window and the later one. */
  readonly rest: { readonly secrets: number; readonly windowMs: number; readonly pauseMs: number };
  readonly monitoring: {
    readonly secrets: number;
    readonly services: number;
    readonly tasks: number;
    readonly streams: number;
    readonly slowClients: number;
    readonly calls: number;
  };
  readonly memory: {
    readonly settleMs: number;
    readonly sampleMs: number;
    readonly ticks: number;
    readonly limitMs: number;
  };
}

/** Tasks that all send requests at once, as after a change of the leader. */
export interface StormScale {
  readonly services: number;
  readonly tasksPerService: number;
  readonly pathsPerService: number;
  readonly fieldsPerPath: number;
  readonly runs: number;
}

/** The scale of published figures. */
export const fullScale: Scale = {
  starts: 20,
  firstReads: 200,
  warm: { secrets: 100, tasks: 100 },
  sequential: { secrets: 100, tasks: 10, runs: 3 },
  storm: { services: 25, tasksPerService: 20, pathsPerService: 4, fieldsPerPath: 5, runs: 3 },
  outage: { cacheMaxAgeMs: 1_000, deadline: undefined },
  refused: { calls: 100, windowMs: 10_000 },
  tick: { sizes: [100, 1_000], intervalMs: 2_000, ticks: 5 },
  providerPass: { sizes: [100, 1_000], intervalMs: 2_000, passes: 3 },
  rest: { secrets: 100, windowMs: 60_000, pauseMs: 120_000 },
  monitoring: { secrets: 1_000, services: 300, tasks: 3, streams: 50, slowClients: 1_000, calls: 5_000 },
  memory: { settleMs: 5_000, sampleMs: 1_000, ticks: 1_000, limitMs: 120_000 },
};

/** The smallest scale, which only checks that all work is done and counted. Its times are meaningless. */
export const quickScale: Scale = {
  starts: 2,
  firstReads: 5,
  warm: { secrets: 5, tasks: 2 },
  sequential: { secrets: 5, tasks: 2, runs: 1 },
  storm: { services: 3, tasksPerService: 4, pathsPerService: 2, fieldsPerPath: 3, runs: 1 },
  outage: { cacheMaxAgeMs: 200, deadline: '500ms' },
  refused: { calls: 16, windowMs: 500 },
  tick: { sizes: [12], intervalMs: 500, ticks: 2 },
  providerPass: { sizes: [12], intervalMs: 1_000, passes: 2 },
  rest: { secrets: 5, windowMs: 1_000, pauseMs: 0 },
  monitoring: { secrets: 12, services: 3, tasks: 2, streams: 2, slowClients: 10, calls: 100 },
  memory: { settleMs: 100, sampleMs: 50, ticks: 2, limitMs: 5_000 },
};
