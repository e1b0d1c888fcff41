import type { Manager } from '../plugin/cluster.ts';
import type { Action } from './action.ts';
import type { Kind } from './kinds.ts';
import type { Run } from './run.ts';

function restartLater(run: Run, manager: Manager): void {
  run.lasts(run.random.pick([50, 500, 5_000, 40_000]), () => start(run, manager));
}

function start(run: Run, manager: Manager): void {
  if (manager.process !== null) return;
  run.say(`the plugin of ${manager.name} starts`);
  run.cluster.start(manager.name);
}

/** A new leader, after a time in which there is none. */
function elect(run: Run, why: string): string | null {
  const { cluster, random, oracle } = run;
  const reachable = [...cluster.managers.values()].filter(({ isPartitioned, name }) => {
    return !isPartitioned && name !== cluster.leader;
  });
  if (cluster.leader === null || reachable.length === 0) return null;
  const old = cluster.manager(cluster.leader);
  const next = random.pick(reachable);
  cluster.setLeader(null);
  oracle.leadsAnew();
  if (random.chance(0.5) && run.kinds.has('two leaders')) believe(run, old, random.between(12_000, 90_000));
  run.lasts(random.between(11_000, 27_000), () => {
    run.say(`${next.name} leads`);
    oracle.leadsAnew();
    cluster.setLeader(next.name);
  });
  return `${why}: ${next.name} will lead after ${old.name}`;
}

function believe(run: Run, manager: Manager, durationMs: number): void {
  const { leadership } = run.oracle;
  manager.believes = 'leader';
  leadership.isWrong(manager.name);
  run.lasts(durationMs, () => {
    leadership.note();
    leadership.isWrong(manager.name);
    manager.believes = null;
    run.say(`${manager.name} sees that it does not lead`);
  });
}

/** Things that happen to managers, nodes and their plugins. */
export const clusterActions: Partial<Record<Kind, Action>> = {
  crash: (run) => {
    const manager = run.random.pick(run.alive);
    if (manager === undefined) return null;
    manager.process?.kill();
    restartLater(run, manager);
    return `a crash of ${manager.name}`;
  },
  'crash at a call': (run) => {
    const manager = run.random.pick(run.dead);
    if (manager === undefined) return null;
    start(run, manager);
    return `a restart of ${manager.name}`;
  },
  restart: (run) => {
    for (const { name } of run.alive) run.cluster.start(name);
    return 'all plugins are restarted';
  },
  'leader change': (run) => elect(run, 'leader change'),
  'two leaders': (run) => {
    const manager = run.random.pick([...run.cluster.managers.values()]);
    if (manager.name === run.cluster.leader || manager.believes !== null) return null;
    believe(run, manager, run.random.between(1_000, 60_000));
    run.oracle.leadsAnew();
    return `${manager.name} believes that it leads`;
  },
  partition: (run) => {
    const { cluster, random, swarm } = run;
    const manager = random.pick([...cluster.managers.values()]);
    if (cluster.managers.size < 3 || [...cluster.managers.values()].some(({ isPartitioned }) => isPartitioned))
      return null;
    manager.isPartitioned = true;
    if (random.chance(0.5)) manager.sees = swarm.copy();
    if (manager.name === cluster.leader) {
      if (random.chance(0.5)) believe(run, manager, random.between(1_000, 20_000));
      run.say(elect(run, 'the leader is cut off') ?? 'no election');
    }
    run.lasts(random.between(2_000, 90_000), () => {
      manager.isPartitioned = false;
      manager.sees = null;
      run.say(`${manager.name} is reached again`);
    });
    return `${manager.name} is cut off`;
  },
  'node loss': (run) => {
    const { random, swarm, nodes } = run;
    const node = random.pick(nodes);
    const tasksFail = random.chance(0.5);
    swarm.setNode(node, 'down', tasksFail);
    run.oracle.tolerate('started on a bad value');
    run.lasts(random.between(1_000, 60_000), () => {
      swarm.setNode(node, 'ready');
      swarm.askAgain();
      run.say(`${node} is back`);
    });
    return `${node} is lost${tasksFail ? ' with failing tasks' : ''}`;
  },
  drain: (run) => {
    const { random, swarm, nodes } = run;
    const node = random.pick(nodes);
    swarm.setNode(node, 'drained');
    run.lasts(random.between(1_000, 60_000), () => {
      swarm.setNode(node, 'ready');
      run.say(`${node} is active`);
    });
    return `${node} is drained`;
  },
  'clock jump': (run) => {
    const manager = run.random.pick([...run.cluster.managers.values()]);
    manager.clockOffsetMs = run.random.pick([-3_600_000, -60_000, -1_000, 1_000, 60_000, 3_600_000]);
    return `the clock of ${manager.name} is ${manager.clockOffsetMs} ms ahead`;
  },
};
